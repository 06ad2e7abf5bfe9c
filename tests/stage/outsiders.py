"""What a visitor may call over HTTP, of all the paths that there are."""

import re
import uuid
from typing import Any

from chat.models import Channel, User
from chatproject.tables import api_and_pages

DOCUMENTS = {"api/v1/schema/", "api/v1/docs/", "api/v1/asyncapi.json"}
one = "api/v1/channels/<int:pk>/"
#: What a visitor may call in the own conversation: (status there, body). Whatever else there is, now and later, is refused.
ALLOWED: dict[tuple[str, str], tuple[int, Any]] = {
    ("GET", one + "messages/"): (200, None),
    ("POST", one + "messages/"): (201, lambda: {"client_msg_id": str(uuid.uuid4()), "body": "hi"}),
    ("GET", one + "messages/<int:message>/"): (200, None),
    ("PATCH", one + "messages/<int:message>/"): (200, lambda: {"body": "hello"}),
    ("DELETE", one + "messages/<int:message>/"): (200, None),
    ("GET", one + "changes/"): (200, None),
    ("POST", one + "read/"): (200, lambda: {"seq": 1}),
    ("GET", "api/v1/support/conversations/<int:pk>/"): (200, None),
    ("GET", "api/v1/support/conversations/<int:pk>/rating/"): (200, None),
    # It is not resolved.
    ("POST", "api/v1/support/conversations/<int:pk>/rating/"): (409, lambda: {"score": 5}),
    ("POST", "api/v1/support/conversations/<int:pk>/transcript/"): (200, dict),
}
NOBODYS_FILE = 2**40
#: What a visitor may call without a channel's id in it, with what is answered.
PLACELESS: dict[tuple[str, str], tuple[int, Any]] = {
    ("GET", "api/v1/support/conversations/"): (200, None),
    ("POST", "api/v1/support/conversations/"): (201, lambda: {"client_msg_id": str(uuid.uuid4()), "body": "hi"}),
    # What they give is theirs until they say something with it; of others' files they learn nothing.
    ("POST", "api/v1/files/"): (415, dict),
    ("GET", "api/v1/files/<int:pk>/"): (404, None),
    ("GET", "api/v1/files/<int:pk>/preview/"): (404, None),
    ("POST", "api/v1/files/uploads/"): (201, lambda: {"name": "plan.txt", "size": 5}),
    ("GET", "api/v1/files/uploads/<int:pk>/"): (404, None),
    ("PATCH", "api/v1/files/uploads/<int:pk>/"): (404, None),
    ("DELETE", "api/v1/files/uploads/<int:pk>/"): (404, None),
    # (There is no inbox of this key.)
    ("GET", "api/v1/support/<str:key>/"): (404, None),
    ("POST", "api/v1/support/<str:key>/visits/"): (404, dict),
}


def calls() -> list[tuple[str, str]]:
    return [
        (method, path)
        for path, methods, _ in api_and_pages()
        for method in methods
        if path.startswith("api/") and path not in DOCUMENTS
    ]


def filled(path: str, channel: Channel, message: int, person: User) -> str:
    path = re.sub(r"(channels|conversations)/<int:pk>", rf"\1/{channel.pk}", path).replace(
        "<int:message>", str(message)
    )
    # What the visitor uploads in passing may have the number of any person here.
    path = re.sub(r"(files|uploads)/<int:pk>", rf"\1/{NOBODYS_FILE}", path)
    return "/" + re.sub(r"<int:\w+>", str(person.pk), path)

"""Files as rows, for tests of messages with files and not of bytes."""

import secrets
from typing import Any

from chat import clock
from chat.files import services, storage
from chat.files.sanitizing import SanitizedFile, sanitize, scratch
from chat.models import File, User


def sanitized(content: bytes, name: str) -> SanitizedFile:
    given = scratch()
    given.write(content)
    return sanitize(given, name=name)


def kept(user: User, content: bytes, name: str) -> File:
    """One with its bytes, that no message has yet."""
    return services.store_file(user, sanitized(content, name))


def file_of(user: User, name: str = "plan.png", *, is_whole: bool = True, **fields: Any) -> File:
    """One that the user gave just now; its bytes are nowhere."""
    now = clock.now()
    given = {"size": 48_211, "type": "image/png", "width": 1280, "height": 720, **fields}
    whole_at = now if is_whole else None
    return File.objects.create(
        uploader=user, name=name, folder=secrets.token_hex(16), whole_at=whole_at, created_at=now, **given
    )


def content_of(folder: str) -> list[str]:
    """What lies in a file's folder."""
    try:
        return sorted(storage.storage().listdir(folder)[1])
    except FileNotFoundError:
        return []

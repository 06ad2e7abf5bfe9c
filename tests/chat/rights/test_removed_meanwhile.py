"""A user who is removed while a request of theirs is under way gets nothing that was written after the removal."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chat import services
from chat.api import messages
from chat.models import Message
from chat.reads import history
from chat.search import rows
from tests.conftest import Cast, said

pytestmark = pytest.mark.django_db

SECRET = "we are among ourselves"
#: What is read when the right to it has been read: of each door the address, and where its rows come from.
DOORS: dict[str, tuple[str, Any, str]] = {
    "page": ("/c/{channel}/", history, "page"),
    "message": ("/api/v1/channels/{channel}/messages/{root}/", type(Message.objects.all()), "for_the_wire"),
    "followed threads": ("/api/v1/threads/", type(Message.objects.all()), "for_the_wire"),
    "newest": ("/api/v1/channels/{channel}/messages/", history, "page"),
    "before": ("/api/v1/channels/{channel}/messages/?before=1000", history, "page"),
    "around": ("/api/v1/channels/{channel}/messages/?around={root}", history, "page"),
    "changes": ("/api/v1/channels/{channel}/changes/?since=1", messages.ChatSource, "changes_since"),
    "thread": ("/api/v1/channels/{channel}/messages/{root}/thread/", history, "page_of_thread"),
    "pins": ("/api/v1/channels/{channel}/pins/", type(Message.objects), "pinned_in"),
    "search": ("/api/v1/search/?q=alone", rows, "messages_by_id"),
}


@pytest.mark.parametrize("door", DOORS)
def test_who_is_removed_meanwhile_gets_nothing_that_comes_after(
    cast: Cast, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(cast.alice, cast.team, "are we alone?")
    root = Message.objects.get(body="are we alone?")
    services.pin_message(cast.alice, channel=cast.team.pk, message=root.pk)
    address, owner, name = DOORS[door]
    read: Callable[..., Any] = getattr(owner, name)
    is_over = False

    def removed_before(*given: Any, **more: Any) -> Any:
        nonlocal is_over
        if not is_over:
            is_over = True
            services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)
            said(cast.alice, cast.team, SECRET, thread=root.pk, also_in_channel=True)
            services.edit_message(cast.alice, channel=cast.team.pk, message=root.pk, body=f"alone? {SECRET}")
        return read(*given, **more)

    services.follow_thread(cast.bob, channel=cast.team.pk, message=root.pk, following=True)
    client = Client()
    client.force_login(cast.bob)
    monkeypatch.setattr(owner, name, removed_before)
    answer = client.get(address.format(channel=cast.team.pk, root=root.pk))
    assert is_over
    assert answer.status_code in (200, 404)
    assert SECRET not in answer.content.decode()

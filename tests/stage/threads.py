"""Threads through the verbs: a root, replies, and what is unread."""

import json
from typing import Any

from chat.models import Message, User
from chat.reads import threads
from delivery.source import Committed
from tests.conftest import Cast, said


def posted(committed: Committed) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(committed.raw)
    return message


def root_of(cast: Cast, body: str = "Lunch?") -> Message:
    return Message.objects.get(pk=posted(said(cast.alice, cast.team, body))["id"])


def reply(user: User, root: Message, body: str = "Yes", **fields: Any) -> dict[str, Any]:
    return posted(said(user, root.channel, body, thread=root.pk, **fields))


def unread_in(user: User, root: Message) -> int:
    return threads.thread_as_followed(user.pk, root).unread

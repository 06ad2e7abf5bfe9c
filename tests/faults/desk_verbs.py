"""The stage hand's verbs at a desk: inboxes with agents, waiting customers, and the rows at the end.

Imported by the stage hand (hand.py), which has set up Django.
"""

import uuid
from typing import Any

from chat.models import Conversation, Message, User
from chat.services import create_token, create_user
from chat.support import services
from chat.support.models import Inbox


def open_desk(name: str, agents: int, **settings: Any) -> dict[str, Any]:
    """An inbox, and its agents with a token each. Who opens it is none of those to whom conversations are given."""
    owner = User.objects.create_superuser(f"{name}-owner", password=None)
    users = [create_user(f"{name}-{n}") for n in range(agents)]
    inbox = services.create_inbox(owner, name=name, agents=users, **settings)
    tokens = [create_token(user, name="faults") for user in users]
    return {"inbox": inbox.pk, "desk": inbox.desk_id, "users": [user.pk for user in users], "tokens": tokens}


def customers(inbox: int, count: int) -> list[dict[str, Any]]:
    """Each with a conversation in which they wait."""
    row = Inbox.objects.get(pk=inbox)
    visits = [services.create_visit(row, display_name=f"Customer {n}") for n in range(count)]
    begun = [services.begin(visitor, client_msg_id=uuid.uuid4(), body="hello")[0].pk for visitor, _ in visits]
    return [{"conversation": pk, "token": token} for pk, (_, token) in zip(begun, visits, strict=True)]


def change_inbox(inbox: int, **fields: Any) -> None:
    Inbox.objects.filter(pk=inbox).update(**fields)
    if "lease_seconds" in fields:
        desk = Inbox.objects.get(pk=inbox).desk_id
        Conversation.objects.filter(desk=desk).update(lease_seconds=fields["lease_seconds"])


def assigned(desk: int) -> list[int]:
    """Who holds something, once for each that they hold."""
    held = Conversation.objects.filter(desk=desk, assignee__isnull=False)
    return list(held.order_by("assignee").values_list("assignee", flat=True))


def desk_log(desk: int) -> list[dict[str, Any]]:
    rows = Message.objects.filter(channel=desk, event__type__startswith="conversation.").order_by("seq")
    return [row.event or {} for row in rows]


DESK_VERBS = {work.__name__: work for work in (open_desk, customers, change_inbox, assigned, desk_log)}

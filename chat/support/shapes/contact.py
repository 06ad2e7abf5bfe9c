"""A visitor, as the staff see them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import msgspec

from chat import shapes
from chat.models import Conversation
from chat.shapes.words import THEN
from chat.support import models
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class EarlierConversation(msgspec.Struct, frozen=True, kw_only=True):
    """One of the visitor's conversations."""

    id: Annotated[int, msgspec.Meta(description="The id of its channel.")]
    state: str
    episode: int
    resolved_at: Time | None


class SupportContact(msgspec.Struct, frozen=True, kw_only=True):
    """All that the desk knows about a visitor."""

    visitor: Person
    inbox: int
    email: str
    verified: Annotated[bool, msgspec.Meta(description="Whether the company signed the identity.")]
    attributes: Annotated[Mapping[str, str], msgspec.Meta(description="More about the visitor, from the company.")]
    created_at: Time
    blocked_at: Time | None
    conversations: Sequence[EarlierConversation]


_EARLIER = EarlierConversation(id=412, state="resolved", episode=1, resolved_at=THEN)
CONTACT = SupportContact(
    visitor=Person(31, "visitor-5f2a4c0e9a516f7d", "Vera"),
    inbox=3,
    email="vera@home.example",
    verified=True,
    attributes={"plan": "large"},
    created_at=THEN,
    blocked_at=None,
    conversations=[_EARLIER],
)


def contact_of(row: models.Contact, conversations: Iterable[Conversation]) -> SupportContact:
    """Needs `visitor` selected along."""
    return SupportContact(
        visitor=shapes.person_of(row.visitor),
        inbox=row.inbox_id,
        email=row.email,
        verified=row.identity != "",
        attributes=row.attributes,
        created_at=spell_time(row.created_at),
        blocked_at=spell_time(row.blocked_at),
        conversations=[
            EarlierConversation(
                id=one.pk, state=one.state, episode=one.episode, resolved_at=spell_time(one.resolved_at)
            )
            for one in conversations
        ],
    )

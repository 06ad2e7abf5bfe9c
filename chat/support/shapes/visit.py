"""What a visitor gets: the inbox before they write, their token, and their own conversations."""

from typing import Annotated

import msgspec

from chat import clock, shapes
from chat.models import Conversation, ConversationState
from chat.shapes.words import THEN
from chat.support import models
from chat.support.schedule import next_opening, schedule_of
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class Doorstep(msgspec.Struct, frozen=True, kw_only=True):
    """An inbox, as everybody may see it."""

    name: str
    open: bool
    next_opening: Annotated[Time | None, msgspec.Meta(description="null: it is open now, or never opens.")]
    greeting: str
    closed_text: str
    must_verify: Annotated[bool, msgspec.Meta(description="Whether only visitors with a signed identity can write.")]


class NewVisit(msgspec.Struct, frozen=True, kw_only=True):
    """A token with the scope `visit`, which is shown only once; it ends 30 days after its last use."""

    token: str


class OwnConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor's own conversation. It tells nothing of the desk except who answers."""

    id: Annotated[int, msgspec.Meta(description="The id of its channel.")]
    state: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ConversationState.values})]
    head: int
    assignee: Annotated[Person | None, msgspec.Meta(description="The agent who answers; null: nobody yet.")]


DOORSTEP = Doorstep(
    name="Shop",
    open=False,
    next_opening=THEN,
    greeting="How can we help?",
    closed_text="We are back on Monday at 9.",
    must_verify=False,
)
NEW_VISIT = NewVisit(token="gapless_mDqGTAV0cGqTnqF2pTgGr1cJ0yv0hTgB3b0E5m3yZ0c")  # noqa: S106 (of nobody)
OWN_CONVERSATION = OwnConversation(id=412, state="open", head=2, assignee=shapes.public_person(2, "Ada"))


def doorstep_of(row: models.Inbox) -> Doorstep:
    """Needs `hours` selected along."""
    now = clock.now()
    opening = next_opening(now, schedule_of(row.hours))
    return Doorstep(
        name=row.name,
        open=opening == now,
        next_opening=None if opening is None or opening == now else spell_time(opening),
        greeting=row.greeting,
        closed_text=row.closed_text,
        must_verify=row.must_verify,
    )


def own_conversation_of(row: Conversation) -> OwnConversation:
    """The conversation, from chat/support/reads/own.py. A snoozed conversation is open for its customer."""
    is_snoozed = row.state == ConversationState.SNOOZED
    name = row.public_assignee
    return OwnConversation(
        id=row.pk,
        state=ConversationState.OPEN.value if is_snoozed else row.state,
        head=row.channel.head,
        assignee=None if row.assignee_id is None or name is None else shapes.public_person(row.assignee_id, name),
    )

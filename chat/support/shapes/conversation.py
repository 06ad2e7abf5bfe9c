"""A conversation, as the staff see it."""

from typing import TYPE_CHECKING, Annotated, Generic

import msgspec

from chat.shapes.page import Page, Row
from chat.shapes.person import ALICE, person_if_any, person_of
from chat.shapes.words import THEN
from chat.support.models import Ticket
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time

if TYPE_CHECKING:
    from chat.support.services.queue import QueueCounts as Counted


class SupportConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with a customer; its id is that of its channel."""

    id: int
    inbox: int
    state: str
    episode: Annotated[int, msgspec.Meta(description="1 at the beginning; each reopening adds 1.")]
    priority: str
    labels: list[str]
    visitor: Person
    assignee: Person | None
    lease_until: Annotated[
        Time | None, msgspec.Meta(description="If the customer still waits then, the assignment ends.")
    ]
    waiting_since: Time | None
    snoozed_until: Time | None
    former_snooze: Annotated[
        Time | None,
        msgspec.Meta(description="The end of the snooze that the customer's message ended: to offer it again."),
    ]
    resolved_at: Time | None
    answered_seq: Annotated[
        int, msgspec.Meta(description="The number of the last answer of an agent; 0: there is none.")
    ]
    verified: Annotated[bool, msgspec.Meta(description="Whether the company signed the visitor's identity.")]
    page: str
    locale: str
    notes: Annotated[
        int | None, msgspec.Meta(description="The channel of the internal notes; null: there are none yet.")
    ]
    first_due: Time | None
    next_due: Time | None
    solve_due: Time | None
    created_at: Time
    head: Annotated[int, msgspec.Meta(description="The number of its last change.")]


class QueuePage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """A page of the queue; `?cursor=` continues after it."""

    next_cursor: str | None


class QueueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of conversations that are not resolved."""

    mine: int
    unassigned: int
    all: int
    waiting: Annotated[int, msgspec.Meta(description="How many of them wait for an answer to the customer.")]
    waiting_since: Annotated[Time | None, msgspec.Meta(description="Since when the longest waiting customer waits.")]


COUNTS = QueueCounts(mine=1, unassigned=2, all=5, waiting=3, waiting_since=THEN)
CONVERSATION = SupportConversation(
    id=42,
    inbox=1,
    state="open",
    episode=1,
    priority="normal",
    labels=["parcel"],
    visitor=Person(id=31, username="visitor-5f2a4c0e9a516f7d", display_name="Vera"),
    assignee=ALICE,
    lease_until="2026-11-23T09:45:00.000000Z",
    waiting_since=THEN,
    snoozed_until=None,
    former_snooze=None,
    resolved_at=None,
    answered_seq=4,
    verified=True,
    page="https://shop.example/cart",
    locale="de-AT",
    notes=43,
    first_due=None,
    next_due="2026-11-23T10:30:00.000000Z",
    solve_due=None,
    created_at=THEN,
    head=5,
)


def counts_of(found: "Counted") -> QueueCounts:
    return QueueCounts(
        mine=found.mine,
        unassigned=found.unassigned,
        all=found.all,
        waiting=found.waiting,
        waiting_since=spell_time(found.waiting_since),
    )


def conversation_of(ticket: Ticket) -> SupportConversation:
    """Needs the conversation with its channel, visitor and assignee selected along."""
    row = ticket.conversation
    return SupportConversation(
        id=row.pk,
        inbox=ticket.inbox_id,
        state=row.state,
        episode=row.episode,
        priority=ticket.priority,
        labels=ticket.labels,
        visitor=person_of(row.visitor),
        assignee=person_if_any(row.assignee),
        lease_until=spell_time(row.lease_until),
        waiting_since=spell_time(row.waiting_since),
        snoozed_until=spell_time(row.snoozed_until),
        former_snooze=spell_time(row.former_snooze),
        resolved_at=spell_time(row.resolved_at),
        answered_seq=row.answered_seq,
        verified=ticket.verified,
        page=ticket.page,
        locale=ticket.locale,
        notes=row.notes_id,
        first_due=spell_time(ticket.first_due),
        next_due=spell_time(ticket.next_due),
        solve_due=spell_time(ticket.solve_due),
        created_at=spell_time(row.channel.created_at),
        head=row.channel.head,
    )

"""A conversation that is being handled: its log is locked, then that of its notes, and last, at the end, that of the desk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField
from django.db.models.expressions import RawSQL

from chat.models import Conversation, Member, User
from chat.services import log
from chat.support.models import Inbox, Ticket
from chat.support.services.reserved import reserved_account
from chat.support.services.telling import tell_desk
from delivery.wire.errors import NotFound

#: From now on as long as the inbox says, by PostgreSQL's clock.
LEASE = RawSQL("clock_timestamp() + lease_seconds * interval '1 second'", [], output_field=DateTimeField())


@dataclass(slots=True)
class Handling:
    """What a verb does to a conversation under its lock. Rows that are read through it hold until the commit."""

    entry: log.Entry
    row: Conversation
    inbox: Inbox
    notes: log.Entry | None
    _told: list[dict[str, Any]] = field(default_factory=list)

    def move(self, **fields: Any) -> None:
        """Other values in its row, which is then read anew."""
        Conversation.objects.filter(pk=self.row.pk).update(**fields)
        self.row = _conversations().get(pk=self.row.pk)

    def tell_customer(self, kind: str, sentence: str, *, agent: User | None = None) -> int:
        """A line in the conversation, in words that say nothing of the inside; its number.

        It is the agent's, who comes in by it, or nobody's: who of the staff did something to it stays among them.
        """
        event = {"type": kind} if agent is None else {"type": kind, "user": agent.pk}
        return self.entry.note(agent or reserved_account(), event, sentence).seq

    def tell_notes(self, kind: str, sentence: str, *, by: User, user: User | None = None) -> None:
        """A line in the notes, where there are any."""
        if self.notes is not None:
            event = {"type": kind} if user is None else {"type": kind, "user": user.pk}
            self.notes.note(by, event, sentence)

    def tell_desk(self, kind: str, sentence: str, *, by: User, **more: Any) -> None:
        """A line in the desk's log, written at the end with the queue facts as they are then."""
        self._told.append({"kind": kind, "sentence": sentence, "by": by, **more})

    def members(self) -> list[Member]:
        """Those of the staff who are in it, or in its notes."""
        channels = [self.row.pk] if self.row.notes_id is None else [self.row.pk, self.row.notes_id]
        of_staff = Member.objects.filter(channel__in=channels).exclude(user=self.row.visitor_id)
        return list(of_staff.select_related("user").order_by("pk"))

    def finish(self) -> None:
        entries = [self.entry] if self.notes is None else [self.entry, self.notes]
        if self._told:
            desk = log.lock([self.row.desk_id])[self.row.desk_id]
            for told in self._told:
                tell_desk(desk, self.row, **told)
            entries.append(desk)
        log.commit_entries(entries)


@contextmanager
def handling(conversation: int) -> Iterator[Handling]:
    """One transaction. Raises NotFound for what is no conversation."""
    with transaction.atomic():
        entry = log.lock([conversation]).get(conversation)
        row = None if entry is None else _conversations().filter(pk=conversation).first()
        ticket = Ticket.objects.select_related("inbox").filter(pk=conversation).first()
        if entry is None or row is None or ticket is None:
            raise NotFound
        notes = None if row.notes_id is None else log.lock([row.notes_id])[row.notes_id]
        handled = Handling(entry, row, ticket.inbox, notes)
        yield handled
        handled.finish()


def _conversations() -> Any:
    return Conversation.objects.select_related("visitor", "assignee")

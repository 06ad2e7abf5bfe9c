"""Handling a conversation: its log is locked first, then the log of its notes, and last, at the end, the desk's log."""

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
from chat.support.services.desk_lines import write_desk_line
from chat.support.services.reserved import reserved_account
from delivery.wire.errors import NotFound

#: The end of a lease that begins now, by PostgreSQL's clock.
LEASE = RawSQL("clock_timestamp() + lease_seconds * interval '1 second'", [], output_field=DateTimeField())


@dataclass(slots=True)
class Handling:
    """A conversation under its lock, for verbs. Rows that are read through it stay true until the commit."""

    entry: log.Entry
    row: Conversation
    inbox: Inbox
    notes: log.Entry | None
    _told: list[dict[str, Any]] = field(default_factory=list)

    def move(self, **fields: Any) -> None:
        """Changes values of its row, and reads the row again."""
        Conversation.objects.filter(pk=self.row.pk).update(**fields)
        self.row = _conversations().get(pk=self.row.pk)

    def tell_customer(self, kind: str, sentence: str, *, agent: User | None = None) -> int:
        """Writes a line in the conversation, which tells nothing of the desk's internals; returns its number.

        Its author is the agent who enters by it, or the server: customers do not learn which agent did something.
        """
        event = {"type": kind} if agent is None else {"type": kind, "user": agent.pk}
        return self.entry.note(agent or reserved_account(), event, sentence).seq

    def tell_notes(self, kind: str, sentence: str, *, by: User, user: User | None = None) -> None:
        """Writes a line in the notes, if there are any."""
        if self.notes is not None:
            event = {"type": kind} if user is None else {"type": kind, "user": user.pk}
            self.notes.note(by, event, sentence)

    def tell_desk(self, kind: str, sentence: str, *, by: User, **more: Any) -> None:
        """Writes a line in the desk's log; it is written at the end, with the queue's facts as they are then."""
        self._told.append({"kind": kind, "sentence": sentence, "by": by, **more})

    def members(self) -> list[Member]:
        """The agents who are members of the conversation or of its notes."""
        channels = [self.row.pk] if self.row.notes_id is None else [self.row.pk, self.row.notes_id]
        of_staff = Member.objects.filter(channel__in=channels).exclude(user=self.row.visitor_id)
        return list(of_staff.select_related("user").order_by("pk"))

    def finish(self) -> None:
        entries = [self.entry] if self.notes is None else [self.entry, self.notes]
        if self._told:
            desk = log.lock([self.row.desk_id])[self.row.desk_id]
            for told in self._told:
                write_desk_line(desk, self.row, **told)
            entries.append(desk)
        log.commit_entries(entries)


@contextmanager
def handling(conversation: int) -> Iterator[Handling]:
    """Handles a conversation in one transaction. Raises NotFound for an id of no conversation."""
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

"""The one log: every durable change of a channel takes the next number under the channel's row lock, in one transaction.

The lock is held until the commit, so commits have the order of the numbers. It is announced after the commit.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import F

from chat import clock, prepared_sql, shapes
from chat.models import Channel, Message, MessageKind, User
from chat.services.mentions import keep_mentions, mentions_in
from delivery.bus import announcing
from delivery.bus.announcements import Announcement, Changed, Opened, Passing
from delivery.wire.errors import Archived, Forbidden, NotFound
from delivery.wire.frames import Person

_PUBLIC_NAME = "SELECT public_name(desk_id, %s) FROM conversations WHERE channel_id = %s AND visitor_id <> %s"


class Entry:
    """A locked channel within a transaction, which gives out the channel's next numbers."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.after = channel.head
        self.now = clock.now()
        self._changed: list[Message] = []
        self._frames: list[bytes] = []
        self._announcements: list[Announcement] = []

    def next_number(self) -> int:
        self.channel.head += 1
        return self.channel.head

    def note(self, actor: User, event: dict[str, Any], sentence: str) -> Message:
        """Writes a system message: changes of members and of the channel are in the same order as people's messages."""
        number = self.next_number()
        row = Message.objects.create(
            channel=self.channel,
            sender=actor,
            said_as=self.public_name(actor),
            client_msg_id=uuid.uuid4(),
            kind=MessageKind.SYSTEM,
            body=sentence,
            event=event,
            seq=number,
            rev=number,
            created_at=self.now,
        )
        self.changed(row)
        return row

    def write(
        self,
        sender: User,
        *,
        client_msg_id: uuid.UUID,
        body: str,
        digest: bytes,
        files: list[dict[str, Any]] | None = None,
    ) -> Message:
        """Writes a plain member's message for a verb that has just let its author in. All other messages go through posting."""
        number = self.next_number()
        mentions = mentions_in(body, channel=self.channel.pk, role=None, is_support=self.channel.is_support)
        row = Message.objects.create(
            channel=self.channel,
            sender=sender,
            said_as=self.public_name(sender),
            client_msg_id=client_msg_id,
            body=body,
            said_digest=digest,
            files=files,
            mentions=mentions,
            seq=number,
            rev=number,
            created_at=self.now,
        )
        keep_mentions(row)
        self.changed(row)
        return row

    def person(self, user: User) -> Person:
        """The person, by the name that readers of this log see."""
        name = self.public_name(user)
        return shapes.public_person(user.pk, name) if name else shapes.person_of(user)

    def public_name(self, user: User) -> str:
        """The public name of an agent in a customer's log; empty for all others, who have their usual name."""
        if not self.channel.is_support or user.is_visitor:
            return ""
        names = prepared_sql.rows(_PUBLIC_NAME, [user.pk, self.channel.pk, user.pk])
        return names[0][0] if names else ""

    def message(self, pk: int) -> Message:
        """A message of the channel, read under the lock. Raises NotFound."""
        row = Message.objects.filter(channel=self.channel, pk=pk).for_the_wire().first()
        if row is None:
            raise NotFound("There is no such message in this channel.")
        return row

    def revise(self, row: Message, *fields: str) -> None:
        """Saves these fields of a changed message with the next number, and announces the change."""
        row.rev, row.changed_at = self.next_number(), self.now
        row.save(update_fields=["rev", "changed_at", *fields])
        self.changed(row)

    def changed(self, row: Message) -> None:
        """Announces the row, as it is now, after the commit."""
        self._changed.append(row)

    def opened(self, user: int, action: str) -> None:
        """After the commit, announces a user whose access to the channel has begun or changed."""
        self._announcements.append(Opened(user_id=user, channel_id=self.channel.pk, action=action))

    def say(self, frame: bytes) -> None:
        """After the commit, sends one push to all sockets that follow the channel then."""
        self._frames.append(frame)

    def announcements(self) -> list[Announcement]:
        changes = [shapes.change_of(row) for row in self._changed]
        announced: list[Announcement] = []
        if self.channel.head > self.after:
            announced.append(
                Changed(channel_id=self.channel.pk, after=self.after, head=self.channel.head, changes=changes)
            )
        head = self.channel.head
        announced += [Passing(channel_id=self.channel.pk, head=head, raw=frame) for frame in self._frames]
        return announced + self._announcements


@contextmanager
def writing(channel_id: int) -> Iterator[Entry]:
    """One transaction that holds the channel's row lock; moves `head` and announces it if anything was written.

    Raises NotFound for a channel that does not exist.
    """
    with transaction.atomic():
        entry = lock([channel_id]).get(channel_id)
        if entry is None:
            raise NotFound
        yield entry
        commit_entries([entry])


def lock(channel_ids: Iterable[int]) -> dict[int, Entry]:
    """Locks those of the channels that exist, in the order of their ids, so that two batches can't deadlock."""
    rows = Channel.objects.filter(pk__in=set(channel_ids)).order_by("pk").select_for_update(no_key=True)
    return {channel.pk: Entry(channel) for channel in rows}


def commit_entries(entries: Sequence[Entry]) -> None:
    """Moves the heads of the locked channels, and announces it after the commit."""
    announcements: list[Announcement] = []
    for entry in entries:
        if entry.channel.head > entry.after:
            Channel.objects.filter(pk=entry.channel.pk).update(head=entry.channel.head)
        announcements += entry.announcements()
    if announcements:
        transaction.on_commit(lambda: announcing.announce(announcements))


def require_live(entry: Entry) -> None:
    if entry.channel.archived_at is not None:
        raise Archived


def require(allowed: bool, sentence: str) -> None:
    if not allowed:
        raise Forbidden(sentence)


def count_members(entry: Entry, change: int) -> None:
    """Moves `member_count`, which the constraint max_members bounds."""
    Channel.objects.filter(pk=entry.channel.pk).update(member_count=F("member_count") + change)
    entry.channel.member_count += change

"""Posting: a batch of drafts in one transaction, each with its own outcome."""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from chat import clock, shapes
from chat.models import ChannelKind, Message, MessageKind
from chat.naming import shows_nothing
from chat.rights.table import Right, refusal
from chat.services import hot
from chat.services.blocks import ALL_BLOCKED
from chat.services.constraints import is_unknown, refusal_for
from chat.services.first_said import digest_of, first_said
from delivery.bus import bell
from delivery.bus.announcements import Change, Changed
from delivery.source import Committed
from delivery.wire.codec import encode
from delivery.wire.errors import Blocked, Conflict, Empty, Forbidden, Invalid, NotAMember, NotFound, Refused, TooLong
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message on its way into the log; ChatNode.post checks its body."""

    channel: int
    sender: int
    client_msg_id: uuid.UUID
    body: str
    reply_to: int | None = None

    @property
    def channel_id(self) -> int:
        return self.channel

    @property
    def digest(self) -> bytes:
        return digest_of(channel=self.channel, body=self.body, reply_to=self.reply_to)

    @property
    def key(self) -> tuple[int, uuid.UUID]:
        """What there is one row of, for ever (constraint messages_once)."""
        return self.sender, self.client_msg_id


def check_body(body: str) -> str:
    """The body as it is. Raises Empty, TooLong, or Invalid for what PostgreSQL or UTF-8 can't hold."""
    # Its size first: looking at each character of a large one would keep the event loop from others.
    try:
        size = len(body.encode())
    except UnicodeEncodeError:
        raise Invalid("The text is not valid Unicode: it has half of a surrogate pair.") from None
    if size > settings.LIMITS.message_bytes:
        raise TooLong(f"The message has {size:,} bytes; {settings.LIMITS.message_bytes:,} are allowed.")
    if shows_nothing(body):
        raise Empty
    if "\x00" in body:
        raise Invalid("A message can't contain the NUL character.")
    return body


def post_messages(drafts: Sequence[Draft]) -> list[Committed | Refused]:
    """All drafts in one transaction, each with its own outcome, in their order; a poison draft spoils only itself.

    Whatever it raises: drafts that can't be committed together are halved until the poison stands alone.
    One row per (sender, client_msg_id), for ever: a repeat gets the first message back, with `duplicate`.
    Raises what the database raises when it is away: then the outcome is unknown and repeating is safe.
    """
    try:
        with transaction.atomic():
            return _Batch(drafts).post()
    except Exception as error:
        if is_unknown(error):
            raise
        if len(drafts) == 1:
            return [refusal_for(error)]
        half = len(drafts) // 2
        return [*post_messages(drafts[:half]), *post_messages(drafts[half:])]


_LOCK = "SELECT id, head, kind, archived_at FROM channels WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"

_SENDERS = f"""
SELECT member.channel_id, member.user_id, member.role, mute.until, member.channel_id = ANY(%s) AND {ALL_BLOCKED},
    sender.is_active, sender.username, sender.display_name
FROM channel_members AS member JOIN users AS sender ON sender.id = member.user_id
    LEFT JOIN channel_sanctions AS mute
        ON mute.channel_id = member.channel_id AND mute.user_id = member.user_id AND mute.kind = 'mute'
WHERE member.channel_id = ANY(%s) AND member.user_id = ANY(%s)
"""  # noqa: S608 (nothing of anybody is in it)

_EARLIER = """
SELECT message.id FROM messages AS message
JOIN unnest(%s::bigint[], %s::uuid[]) AS draft (sender_id, client_msg_id) USING (sender_id, client_msg_id)
"""

_INSERT = """
WITH inserted AS (
    INSERT INTO messages
        (client_msg_id, channel_id, sender_id, body, kind, seq, rev, reply_to_id, said_digest, status, created_at)
    SELECT client_msg_id, channel_id, sender_id, body, 'text', seq, seq, reply_to_id, said_digest, 'sent', %s
    FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bytea[])
        WITH ORDINALITY AS draft (client_msg_id, channel_id, sender_id, body, seq, reply_to_id, said_digest, place)
    ORDER BY place
    RETURNING id, channel_id, seq
), moved AS (
    UPDATE channels SET head = numbered.head
    FROM unnest(%s::bigint[], %s::bigint[]) AS numbered (id, head) WHERE channels.id = numbered.id
)
SELECT id, channel_id, seq FROM inserted
"""


@dataclass(slots=True)
class _Locked:
    """A channel whose row this transaction holds."""

    after: int
    head: int
    kind: str
    archived_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class _Sender:
    role: str
    muted_until: datetime.datetime | None
    #: A block stands between them and everybody else in this direct conversation.
    is_blocked: bool
    is_active: bool
    person: Person


@dataclass(slots=True)
class _Numbered:
    """A draft with its place in the log."""

    draft: Draft
    seq: int
    raw: bytes = b""
    is_answered: bool = False

    def answer(self) -> Committed:
        """Once as new; to the same draft again in the same batch, as a duplicate."""
        was_answered, self.is_answered = self.is_answered, True
        return Committed(raw=self.raw, duplicate=was_answered)


@dataclass(slots=True)
class _Batch:
    drafts: Sequence[Draft]
    now: datetime.datetime = field(default_factory=clock.now)
    channels: dict[int, _Locked] = field(default_factory=dict)
    senders: dict[tuple[int, int], _Sender] = field(default_factory=dict)
    earlier: dict[tuple[int, uuid.UUID], Message] = field(default_factory=dict)
    replied: dict[int, int] = field(default_factory=dict)
    fresh: dict[tuple[int, uuid.UUID], _Numbered] = field(default_factory=dict)

    def post(self) -> list[Committed | Refused]:
        self._read()
        outcomes = [self._outcome(draft) for draft in self.drafts]
        if self.fresh:
            self._insert()
            self._ring_after_commit()
        return [outcome.answer() if isinstance(outcome, _Numbered) else outcome for outcome in outcomes]

    def _read(self) -> None:
        channels = list({draft.channel for draft in self.drafts})
        senders = [draft.sender for draft in self.drafts]
        # The locks first, in the order of the ids: whatever an earlier transaction committed is then seen.
        for pk, head, kind, archived_at in hot.rows(_LOCK, [channels]):
            self.channels[pk] = _Locked(head, head, kind, archived_at)
        directs = [pk for pk, channel in self.channels.items() if channel.kind == ChannelKind.DIRECT]
        for channel, user, role, muted_until, is_blocked, is_active, *names in hot.rows(
            _SENDERS, [directs, channels, list(set(senders))]
        ):
            person = Person(user, names[0], names[1] or names[0])
            self.senders[channel, user] = _Sender(role, muted_until, bool(is_blocked), is_active, person)
        repeated = hot.rows(_EARLIER, [senders, [draft.client_msg_id for draft in self.drafts]])
        if repeated:
            rows = Message.objects.filter(pk__in=[pk for (pk,) in repeated]).for_the_wire()
            self.earlier = {(row.sender_id, row.client_msg_id): row for row in rows}
        answered = {draft.reply_to for draft in self.drafts if draft.reply_to is not None}
        if answered:
            self.replied = dict(Message.objects.filter(pk__in=answered).values_list("pk", "channel_id"))

    def _outcome(self, draft: Draft) -> Committed | Refused | _Numbered:
        known = self.earlier.get(draft.key)
        if known is not None:
            return _repeated(draft, known)
        twin = self.fresh.get(draft.key)
        if twin is not None:
            return twin if twin.draft.digest == draft.digest else Conflict()
        refusal = self._refusal(draft)
        if refusal is not None:
            return refusal
        channel = self.channels[draft.channel]
        channel.head += 1
        numbered = self.fresh[draft.key] = _Numbered(draft, channel.head)
        return numbered

    def _refusal(self, draft: Draft) -> Refused | None:
        channel = self.channels.get(draft.channel)
        sender = self.senders.get((draft.channel, draft.sender))
        if channel is None:
            return NotFound()
        if sender is None:
            return NotAMember() if channel.kind == ChannelKind.PUBLIC else NotFound()
        if not sender.is_active:
            return Forbidden("This account is not active.")
        refused = refusal(
            Right.POST,
            role=sender.role,
            moderates=False,
            place=channel.kind,
            is_archived=channel.archived_at is not None,
            is_muted=sender.muted_until is not None and sender.muted_until > self.now,
        )
        if refused is not None:
            return refused
        if sender.is_blocked:
            return Blocked()
        if draft.reply_to is not None and self.replied.get(draft.reply_to) != draft.channel:
            return NotFound("The message that this answers is not in the channel.")
        return None

    def _insert(self) -> None:
        numbered = list(self.fresh.values())
        columns: list[Any] = [
            [n.draft.client_msg_id for n in numbered],
            [n.draft.channel for n in numbered],
            [n.draft.sender for n in numbered],
            [n.draft.body for n in numbered],
            [n.seq for n in numbered],
            [n.draft.reply_to for n in numbered],
            [n.draft.digest for n in numbered],
        ]
        moved = {pk: channel.head for pk, channel in self.channels.items() if channel.head > channel.after}
        ids = {
            (channel, seq): pk
            for pk, channel, seq in hot.rows(_INSERT, [self.now, *columns, list(moved), list(moved.values())])
        }
        created_at = spell_time(self.now)
        for n in numbered:
            n.raw = self._spell(n, pk=ids[n.draft.channel, n.seq], created_at=created_at)

    def _spell(self, numbered: _Numbered, *, pk: int, created_at: Time) -> bytes:
        draft = numbered.draft
        message = shapes.spell_message(
            pk=pk,
            channel=draft.channel,
            seq=numbered.seq,
            rev=numbered.seq,
            client_msg_id=draft.client_msg_id,
            sender=self.senders[draft.channel, draft.sender].person,
            kind=MessageKind.TEXT,
            body=draft.body,
            reply_to=draft.reply_to,
            created_at=created_at,
        )
        return encode(message)

    def _ring_after_commit(self) -> None:
        changes: dict[int, list[Change]] = defaultdict(list)
        for n in self.fresh.values():
            change = Change(rev=n.seq, key=n.seq, raw=n.raw, said_by=n.draft.sender)
            changes[n.draft.channel].append(change)
        announcements = [
            Changed(channel_id=pk, after=self.channels[pk].after, head=self.channels[pk].head, changes=those)
            for pk, those in changes.items()
        ]
        transaction.on_commit(lambda: bell.ring(announcements), robust=True)


def _repeated(draft: Draft, known: Message) -> Committed | Refused:
    first = first_said(known)
    is_same = known.channel_id == draft.channel if first is None else first == draft.digest
    return Committed(raw=encode(shapes.message_of(known)), duplicate=True) if is_same else Conflict()

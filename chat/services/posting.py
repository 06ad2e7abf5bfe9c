"""Posting: a batch of drafts in one transaction, each with its own outcome. What happens under the locks is in posting.sql."""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from django.conf import settings
from django.db import transaction

from chat import clock, shapes
from chat.models import ChannelKind, Message, MessageKind
from chat.naming import shows_nothing
from chat.rights.table import Right, refusal
from chat.services import hot
from chat.services.believed import Facts, SenderStanding, standings
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
        with hot.alone():
            return _Batch(drafts).post()
    except Exception as error:
        if is_unknown(error):
            raise
        if len(drafts) == 1:
            return [refusal_for(error)]
        half = len(drafts) // 2
        return [*post_messages(drafts[:half]), *post_messages(drafts[half:])]


_POST = "SELECT actual::text, posted::text FROM post_messages(%s::bigint[], %s::jsonb, %s::jsonb, %s)"

_decode_facts = msgspec.json.Decoder(list[Facts]).decode
#: Of each message: id, channel, seq.
_decode_posted = msgspec.json.Decoder(list[tuple[int, int, int]]).decode


class _Row(msgspec.Struct, frozen=True):
    """A draft as post_messages takes it."""

    channel: int
    sender: int
    client_msg_id: str
    body: str
    reply_to: int | None
    said_digest: str
    is_fresh: bool


@dataclass(slots=True)
class _Fresh:
    """A draft that nothing stands against."""

    draft: Draft
    standing: SenderStanding
    raw: bytes = b""
    is_answered: bool = False

    def answer(self) -> Committed:
        """Once as new; to the same draft again in the same batch, as a duplicate."""
        was_answered, self.is_answered = self.is_answered, True
        return Committed(raw=self.raw, duplicate=was_answered)


_Outcome = Committed | Refused | _Fresh


@dataclass(slots=True)
class _Batch:
    """The rules decide by what is believed; the database posts only if that is true, else says what is, and they decide again."""

    drafts: Sequence[Draft]
    now: datetime.datetime = field(default_factory=clock.now)
    facts: Sequence[Facts | None] = ()
    earlier: dict[int, Message] = field(default_factory=dict)
    fresh: dict[tuple[int, uuid.UUID], _Fresh] = field(default_factory=dict)

    def post(self) -> list[Committed | Refused]:
        self.facts, is_true = [_believed(draft) for draft in self.drafts], False
        outcomes = self._decide()
        while self.fresh or not is_true:
            found, posted = self._ask(outcomes)
            if posted:
                self._ring_after_commit(posted)
                break
            self.facts, is_true = found, True
            outcomes = self._decide()
        return [outcome.answer() if isinstance(outcome, _Fresh) else outcome for outcome in outcomes]

    def _ask(self, outcomes: Sequence[_Outcome]) -> tuple[list[Facts], list[tuple[int, int, int]]]:
        channels = list({draft.channel for draft in self.drafts})
        rows = [_row(draft, outcome) for draft, outcome in zip(self.drafts, outcomes, strict=True)]
        [(found, posted)] = hot.rows(_POST, [channels, _json(rows), _json(self.facts), self.now])
        if posted is not None:
            return [], _decode_posted(posted)
        facts = _decode_facts(found)
        for draft, fact in zip(self.drafts, facts, strict=True):
            standings.note(draft.channel, draft.sender, fact.standing)
        return facts, []

    def _decide(self) -> list[_Outcome]:
        self.fresh = {}
        repeated = [facts.earlier for facts in self.facts if facts is not None and facts.earlier is not None]
        if repeated:
            self.earlier = Message.objects.for_the_wire().in_bulk(repeated)
        return [self._outcome(draft, facts) for draft, facts in zip(self.drafts, self.facts, strict=True)]

    def _outcome(self, draft: Draft, facts: Facts | None) -> _Outcome:
        if facts is None:
            # Not known yet: until it is, nothing is posted.
            return NotFound()
        if facts.earlier is not None:
            return _repeated(draft, self.earlier[facts.earlier])
        twin = self.fresh.get(draft.key)
        if twin is not None:
            return twin if twin.draft.digest == draft.digest else Conflict()
        refused = _refusal(draft, facts, self.now)
        if refused is not None:
            return refused
        fresh = self.fresh[draft.key] = _Fresh(draft, facts.standing)
        return fresh

    def _ring_after_commit(self, posted: list[tuple[int, int, int]]) -> None:
        created_at = spell_time(self.now)
        changes: dict[int, list[Change]] = defaultdict(list)
        places = {
            channel: iter(sorted((seq, pk) for pk, of, seq in posted if of == channel)) for _, channel, _ in posted
        }
        for fresh in self.fresh.values():
            draft = fresh.draft
            seq, pk = next(places[draft.channel])
            fresh.raw = _spell(fresh, pk=pk, seq=seq, created_at=created_at)
            changes[draft.channel].append(Change(rev=seq, key=seq, raw=fresh.raw, said_by=draft.sender))
        announcements = [
            Changed(channel_id=channel, after=those[0].rev - 1, head=those[-1].rev, changes=those)
            for channel, those in changes.items()
        ]
        transaction.on_commit(lambda: bell.ring(announcements), robust=True)


def _believed(draft: Draft) -> Facts | None:
    """That the sender stands as before, that it is no repeat, and that what it answers is in its channel."""
    standing = standings.of(draft.channel, draft.sender)
    answered = None if draft.reply_to is None else draft.channel
    return None if standing is None else Facts(standing, earlier=None, answered=answered)


def _refusal(draft: Draft, facts: Facts, now: datetime.datetime) -> Refused | None:
    sender = facts.standing
    if sender.kind is None:
        return NotFound()
    if sender.role is None:
        return NotAMember() if sender.kind == ChannelKind.PUBLIC else NotFound()
    if not sender.is_active:
        return Forbidden("This account is not active.")
    refused = refusal(
        Right.POST,
        role=sender.role,
        moderates=False,
        place=sender.kind,
        is_archived=sender.is_archived,
        is_muted=sender.muted_until is not None and datetime.datetime.fromisoformat(sender.muted_until) > now,
    )
    if refused is not None:
        return refused
    if sender.is_blocked:
        return Blocked()
    if draft.reply_to is not None and facts.answered != draft.channel:
        return NotFound("The message that this answers is not in the channel.")
    return None


def _row(draft: Draft, outcome: _Outcome) -> _Row:
    # A twin of a fresh draft has the same outcome, and is not posted again.
    is_fresh = isinstance(outcome, _Fresh) and outcome.draft is draft
    return _Row(
        channel=draft.channel,
        sender=draft.sender,
        client_msg_id=str(draft.client_msg_id),
        body=draft.body,
        reply_to=draft.reply_to,
        said_digest=draft.digest.hex() if is_fresh else "",
        is_fresh=is_fresh,
    )


def _json(rows: Sequence[_Row] | Sequence[Facts | None]) -> str:
    return msgspec.json.encode(rows).decode()


def _spell(fresh: _Fresh, *, pk: int, seq: int, created_at: Time) -> bytes:
    draft, sender = fresh.draft, fresh.standing
    username = sender.username or ""
    message = shapes.spell_message(
        pk=pk,
        channel=draft.channel,
        seq=seq,
        rev=seq,
        client_msg_id=draft.client_msg_id,
        sender=Person(draft.sender, username, sender.display_name or username),
        kind=MessageKind.TEXT,
        body=draft.body,
        reply_to=draft.reply_to,
        created_at=created_at,
    )
    return encode(message)


def _repeated(draft: Draft, known: Message) -> Committed | Refused:
    first = first_said(known)
    is_same = known.channel_id == draft.channel if first is None else first == draft.digest
    return Committed(raw=encode(shapes.message_of(known)), duplicate=True) if is_same else Conflict()

"""Posting (in batches), editing and deleting messages."""

import datetime
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import Q

from chat import clock, wire
from chat.models import Channel, Member, Message, MessageKind, MessageStatus, User
from chat.services import log
from chat.services.members import require_membership
from delivery import protocol
from delivery.errors import (
    Archived,
    Conflict,
    Empty,
    Forbidden,
    Invalid,
    Muted,
    NotAMember,
    NotFound,
    Refused,
    TooLong,
)
from delivery.source import Committed

#: How long people may edit what they wrote.
EDIT_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message on its way into the log. `body` has passed check_body."""

    channel: int
    sender: int
    client_msg_id: uuid.UUID
    body: str
    reply_to: int | None = None

    @property
    def stream(self) -> int:
        return self.channel


def check_body(body: str) -> str:
    """The body as it is. Raises Empty, TooLong, or Invalid for what PostgreSQL or UTF-8 can't hold."""
    if not body.strip():
        raise Empty
    if "\x00" in body:
        raise Invalid("A message can't contain the NUL character.")
    try:
        size = len(body.encode())
    except UnicodeEncodeError:
        raise Invalid("The text is not valid Unicode: it has half of a surrogate pair.") from None
    if size > settings.LIMITS.message_bytes:
        raise TooLong(f"The message has {size:,} bytes; {settings.LIMITS.message_bytes:,} are allowed.")
    return body


def post_messages(drafts: Sequence[Draft]) -> list[Committed | Refused]:
    """All drafts in one transaction, each with its own outcome, in their order; a poison draft spoils only itself.

    One row per (sender, client_msg_id), for ever: a repeat gets the first message back, with `duplicate`.
    Raises what the database raises when it is away: then the outcome is unknown and repeating is safe.
    """
    try:
        with transaction.atomic():
            return _post(drafts)
    except (IntegrityError, DataError) as error:
        if len(drafts) == 1:
            return [_refusal_for(error)]
        return [outcome for draft in drafts for outcome in post_messages([draft])]


def _refusal_for(error: DatabaseError) -> Refused:
    # The constraint messages_once is met only when the same id went to two channels at the same moment.
    return Conflict() if isinstance(error, IntegrityError) else Invalid("The database can't hold this message.")


def _post(drafts: Sequence[Draft]) -> list[Committed | Refused]:
    entries = log.lock({draft.channel for draft in drafts})
    earlier = _earlier(drafts)
    members = _members(drafts)
    replied = _replied(drafts)
    outcomes: list[Committed | Refused | Message] = []
    fresh: dict[tuple[int, uuid.UUID], Message] = {}
    for draft in drafts:
        key = (draft.sender, draft.client_msg_id)
        known = earlier.get(key) or fresh.get(key)
        if known is not None:
            outcomes.append(_repeated(draft, known))
            continue
        refusal = _refusal(draft, entries.get(draft.channel), members.get((draft.channel, draft.sender)), replied)
        if refusal is not None:
            outcomes.append(refusal)
            continue
        fresh[key] = _numbered(draft, entries[draft.channel], members[draft.channel, draft.sender])
        outcomes.append(fresh[key])
    _insert(list(fresh.values()))
    for row in fresh.values():
        entries[row.channel_id].changed(row)
    log.commit_entries(list(entries.values()))
    seen: Counter[int] = Counter()
    return [_answer(outcome, seen) for outcome in outcomes]


def _earlier(drafts: Sequence[Draft]) -> dict[tuple[int, uuid.UUID], Message]:
    # After the channel locks, so that whatever an earlier transaction committed to these channels is seen.
    rows = Message.objects.filter(
        sender_id__in={draft.sender for draft in drafts}, client_msg_id__in={draft.client_msg_id for draft in drafts}
    ).for_the_wire()
    return {(row.sender_id, row.client_msg_id): row for row in rows}


def _members(drafts: Sequence[Draft]) -> dict[tuple[int, int], Member]:
    pairs = Q(channel_id__in={draft.channel for draft in drafts}, user_id__in={draft.sender for draft in drafts})
    return {(member.channel_id, member.user_id): member for member in Member.objects.filter(pairs).select_related("user")}


def _replied(drafts: Sequence[Draft]) -> dict[int, int]:
    ids = {draft.reply_to for draft in drafts if draft.reply_to is not None}
    return dict(Message.objects.filter(pk__in=ids).values_list("pk", "channel_id")) if ids else {}


def _refusal(
    draft: Draft, entry: log.Entry | None, member: Member | None, replied: Mapping[int, int]
) -> Refused | None:
    if entry is None:
        return NotFound()
    if member is None:
        is_hidden = entry.channel.kind != "public"
        return NotFound() if is_hidden else NotAMember()
    if not member.user.is_active:
        return Forbidden("This account is not active.")
    if entry.channel.archived_at is not None:
        return Archived()
    if not log.is_past(member.muted_until, entry.now):
        return Muted()
    if draft.reply_to is not None and replied.get(draft.reply_to) != draft.channel:
        return NotFound("The message that this answers is not in the channel.")
    return None


def _numbered(draft: Draft, entry: log.Entry, member: Member) -> Message:
    number = entry.next_number()
    return Message(
        client_msg_id=draft.client_msg_id,
        channel=entry.channel,
        sender=member.user,
        body=draft.body,
        kind=MessageKind.TEXT,
        seq=number,
        rev=number,
        reply_to_id=draft.reply_to,
        status=MessageStatus.SENT,
        created_at=entry.now,
    )


_INSERT = """
INSERT INTO messages (client_msg_id, channel_id, sender_id, body, kind, seq, rev, reply_to_id, status, created_at)
SELECT client_msg_id, channel_id, sender_id, body, 'text', seq, seq, reply_to_id, 'sent', created_at
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::timestamptz[])
    WITH ORDINALITY AS draft (client_msg_id, channel_id, sender_id, body, seq, reply_to_id, created_at, place)
ORDER BY place
RETURNING id, channel_id, seq
"""


def _insert(rows: Sequence[Message]) -> None:
    # By hand: bulk_create spends more time on building a statement for 50 rows than PostgreSQL on running it.
    if not rows:
        return
    columns = ("client_msg_id", "channel_id", "sender_id", "body", "seq", "reply_to_id", "created_at")
    by_place = {(row.channel_id, row.seq): row for row in rows}
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [[getattr(row, column) for row in rows] for column in columns])
        for pk, channel_id, seq in cursor.fetchall():
            by_place[channel_id, seq].pk = pk


def _repeated(draft: Draft, known: Message) -> Message | Refused:
    is_same = known.channel_id == draft.channel and (known.body == draft.body or known.edited_at or known.deleted_at)
    return known if is_same else Conflict()


def _answer(outcome: Committed | Refused | Message, seen: Counter[int]) -> Committed | Refused:
    if not isinstance(outcome, Message):
        return outcome
    # Either it was there before, or the same draft came twice in this batch.
    seen[id(outcome)] += 1
    is_duplicate = not outcome._state.adding or seen[id(outcome)] > 1
    return Committed(raw=protocol.encode(wire.message(outcome)), duplicate=is_duplicate)


def edit_message(editor: User, *, channel: int, message: int, body: str) -> Message:
    """Another body, with a new number; the same body does nothing. Own messages only, within 24 hours."""
    check_body(body)
    with log.writing(channel) as entry:
        member = require_membership(editor.pk, channel=channel)
        row = _message_in(entry, message)
        log.require_live(entry)
        log.require(row.kind == MessageKind.TEXT and row.sender_id == editor.pk, "Only the author can edit a message.")
        log.require(row.deleted_at is None, "This message was deleted.")
        if not log.is_past(member.muted_until, entry.now):
            raise Muted
        age = entry.now - row.created_at
        log.require(age <= datetime.timedelta(hours=EDIT_HOURS), f"A message can be edited for {EDIT_HOURS} hours.")
        if row.body != body:
            row.body, row.edited_at = body, clock.now()
            _renumber(entry, row, "body", "edited_at")
    return row


def delete_message(actor: User, *, channel: int, message: int) -> Message:
    """Empties a message, with a new number; its place stays. Repeating does nothing. Own ones, or any as a keeper."""
    with log.writing(channel) as entry:
        member = require_membership(actor.pk, channel=channel)
        row = _message_in(entry, message)
        may = row.sender_id == actor.pk or member.role in ("owner", "moderator")
        log.require(row.kind == MessageKind.TEXT and may, "Only the author or a moderator can delete a message.")
        log.require_live(entry)
        if row.deleted_at is None:
            row.body, row.deleted_at = "", clock.now()
            _renumber(entry, row, "body", "deleted_at")
    return row


def _message_in(entry: log.Entry, message: int) -> Message:
    row = Message.objects.filter(channel=entry.channel, pk=message).for_the_wire().first()
    if row is None:
        raise NotFound("There is no such message in this channel.")
    return row


def _renumber(entry: log.Entry, row: Message, *fields: str) -> None:
    row.rev = entry.next_number()
    row.save(update_fields=["rev", *fields])
    entry.changed(row)


def channel_of(user: User, channel: int) -> Channel:
    """The channel, if the user may see it. Raises NotFound."""
    row = Channel.objects.visible_to(user).filter(pk=channel).first()
    if row is None:
        raise NotFound
    return row

"""The one round trip of posting: the arguments of the function post_drafts (posting.sql), and its result."""

import datetime
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from chat import prepared_sql, shapes
from chat.services.conversing import Line, decode_lines
from chat.services.drafts import Draft
from chat.services.mentions import MentionQuery
from chat.services.posting_facts import Facts
from delivery.source import numbered

_POST = "SELECT actual::text, posted::text, lines::text FROM post_drafts(%s::bigint[], %s::jsonb, %s::jsonb, %s)"


class Row(msgspec.Struct, frozen=True):
    """A draft, as post_drafts takes it."""

    channel: int
    sender: int
    client_msg_id: str
    body: str
    reply_to: int | None
    said_digest: str
    is_fresh: bool
    seen_seq: int | None
    #: Left out if there are none: then post_drafts looks for none.
    files: tuple[int, ...] | msgspec.UnsetType
    #: See MentionQuery; null if nobody is mentioned.
    names: list[list[str]] | None
    everyone_within: int | None
    #: Left out if it is no reply in a thread.
    thread: int | msgspec.UnsetType
    also_in_channel: bool | msgspec.UnsetType


class Posted(msgspec.Struct, frozen=True, array_like=True):
    """A message, as post_drafts returns it."""

    pk: int
    channel: int
    seq: int
    files: list[shapes.File] = []
    mentions: shapes.Mentions | None = None
    #: With the last reply to a root: the root's row, which took the next number.
    root: dict[str, Any] | None = None


class Found(msgspec.Struct, frozen=True):
    """The posted messages, with their effects on conversations; or the true facts, if nothing was written."""

    facts: list[Facts]
    posted: list[Posted]
    lines: list[Line]


_decode_facts = msgspec.json.Decoder(list[Facts]).decode
_decode_posted = msgspec.json.Decoder(list[Posted]).decode


def post_drafts(
    rows: Sequence[Row], *, channels: Collection[int], believed: Sequence[Facts | None], now: datetime.datetime
) -> Found:
    [row] = prepared_sql.rows(_POST, [list(channels), _json(rows).decode(), _json(believed).decode(), now])
    return found_in(row)


def statement() -> str:
    """The same with PostgreSQL's own placeholders, for callers that use no cursors of psycopg."""
    return numbered(_POST)


def parameters(
    rows: Sequence[Row], *, channels: Collection[int], believed: Sequence[Facts | None], now: datetime.datetime
) -> list[bytes]:
    """The arguments of `statement`, as text."""
    spelled = ",".join(map(str, channels))
    return [f"{{{spelled}}}".encode(), _json(rows), _json(believed), now.isoformat().encode()]


def found_in(row: Sequence[str | bytes | None]) -> Found:
    facts, posted, lines = row
    if posted is not None:
        return Found([], _decode_posted(posted), decode_lines(lines or "[]"))
    return Found(_decode_facts(facts or "[]"), [], [])


def row_of(draft: Draft, *, is_fresh: bool, mentions: MentionQuery | None) -> Row:
    return Row(
        channel=draft.channel,
        sender=draft.sender,
        client_msg_id=str(draft.client_msg_id),
        body=draft.body,
        reply_to=draft.reply_to,
        said_digest=draft.digest.hex() if is_fresh else "",
        is_fresh=is_fresh,
        seen_seq=draft.seen_seq,
        files=draft.files or msgspec.UNSET,
        names=None if mentions is None else mentions.names,
        everyone_within=None if mentions is None else mentions.everyone_within,
        thread=msgspec.UNSET if draft.thread is None else draft.thread,
        also_in_channel=draft.also_in_channel or msgspec.UNSET,
    )


def _json(rows: Sequence[Row] | Sequence[Facts | None]) -> bytes:
    return msgspec.json.encode(rows)

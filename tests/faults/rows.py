"""The rows of PostgreSQL at the end, for the checker."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.services import Postgres
from tests.faults.wire import look_of

ENDS = {"member.left", "member.removed"}
BEGINS = "member.joined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message. `event`: of a system message, its type and the user that it is about."""

    channel: int
    seq: int
    rev: int
    sender: int
    key: str
    body: str
    kind: str = "text"
    event: tuple[str, int] = ("", 0)
    #: With its reactions, its pin and its files.
    look: str = ""
    files: tuple[int, ...] = ()
    is_deleted: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "look", self.look or self.body)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """`heads`: {channel: head}; `members`: (channel, user)."""

    messages: list[Row]
    heads: dict[int, int]
    members: set[tuple[int, int]] = field(default_factory=set)


def read_rows(postgres: Postgres, channels: Sequence[int]) -> Rows:
    """Everything of these channels in one snapshot, past all proxies."""
    with postgres.connect() as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        messages = connection.execute(_MESSAGES, [channels]).fetchall()
        heads = connection.execute("SELECT id, head FROM channels WHERE id = ANY(%s)", [channels]).fetchall()
        members = connection.execute(_MEMBERS, [channels]).fetchall()
    return Rows(messages=[_row(*columns) for columns in messages], heads=dict(heads), members=set(members))


_MESSAGES = """
SELECT channel_id, seq, rev, sender_id, client_msg_id, body, kind, event, reactions, mentions, pinned_at IS NOT NULL, thread_id,
    -- Counted anew: what a root says of its replies must be what there is.
    (SELECT count(*) FILTER (WHERE reply.deleted_at IS NULL) FROM messages AS reply WHERE reply.thread_id = messages.id),
    (SELECT max(seq) FROM messages AS reply WHERE reply.thread_id = messages.id),
    files, deleted_at IS NOT NULL
FROM messages
WHERE channel_id = ANY(%s) ORDER BY channel_id, seq
"""
_MEMBERS = "SELECT channel_id, user_id FROM channel_members WHERE channel_id = ANY(%s)"


def _row(
    channel: int,
    seq: int,
    rev: int,
    sender: int,
    key: Any,
    body: str,
    kind: str,
    event: Any,
    reactions: Any,
    mentions: Any,
    is_pinned: bool,
    thread: int | None,
    replies: int,
    last_reply: int | None,
    given: list[dict[str, Any]] | None,
    is_deleted: bool,
) -> Row:
    files = tuple(file["id"] for file in given or ())
    about = (event.get("type", ""), event.get("user", 0)) if event else ("", 0)
    return Row(
        channel=channel,
        seq=seq,
        rev=rev,
        sender=sender,
        key=str(key),
        body=body,
        kind=kind,
        event=about,
        look=look_of(
            body,
            dict(reactions or ()),
            mentions,
            is_pinned=is_pinned,
            thread=thread,
            counted=None if last_reply is None else (replies, last_reply),
            files=files,
        ),
        files=files,
        is_deleted=is_deleted,
    )


class Memberships:
    """Who was a member at which number, as the log itself says."""

    def __init__(self, rows: Rows) -> None:
        self._spans: dict[tuple[int, int], list[list[int]]] = {}
        for row in sorted(rows.messages, key=lambda row: (row.channel, row.seq)):
            kind, user = row.event
            spans = self._spans.setdefault((row.channel, user), [])
            if kind == BEGINS:
                spans.append([row.seq, 2**63])
            elif kind in ENDS and spans:
                spans[-1][1] = row.seq

    def covers(self, channel: int, user: int, number: int) -> bool:
        """Whether the user was to see the change of this number: from the joining on, before the end."""
        return any(begin <= number < end for begin, end in self._spans.get((channel, user), ()))

    def begin(self, channel: int, user: int) -> int:
        """The number of the last joining; 0 if there was none."""
        spans = self._spans.get((channel, user))
        return spans[-1][0] if spans else 0

"""Messages in the form that clients get, read without the slower ORM: near a place, after a number, or by id."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from chat import prepared_sql
from chat.shapes.columns import MessageColumns, SenderColumns

Place = Literal["channel_id", "thread_id"]

_JSON_COLUMNS = ["mentions", "repliers", "reactions", "files", "event"]
_COLUMNS, _SENDER_COLUMNS = (
    ["id" if name == "pk" else name for name in kind.__struct_fields__ if name != "sender"]
    for kind in (MessageColumns, SenderColumns)
)
#: Where the columns in JSON begin, and those of the sender.
_PLAIN, _SENDER = len(_COLUMNS) - len(_JSON_COLUMNS), len(_COLUMNS)

_SELECT = f"""
SELECT {", ".join([f"message.{name}" for name in _COLUMNS] + [f"person.{name}" for name in _SENDER_COLUMNS])}
FROM messages AS message JOIN users AS person ON person.id = message.sender_id
"""  # noqa: S608 (nothing of anybody is in it)


def _both_sides(where: Place) -> str:
    # Each side in the order of an index, which ends with the last row that is needed.
    return f"""
        SELECT * FROM ({_SELECT} WHERE message.{where} = %s AND message.seq < %s ORDER BY message.seq DESC LIMIT %s) AS older
        UNION ALL
        SELECT * FROM ({_SELECT} WHERE message.{where} = %s AND message.seq >= %s ORDER BY message.seq LIMIT %s) AS newer
    """  # noqa: S608 (as above)


_BY_ID = f"{_SELECT} WHERE message.id = ANY(%s)"
_CHANGED = f"{_SELECT} WHERE message.channel_id = %s AND message.rev > %s ORDER BY message.rev LIMIT %s"
_CHANGED_IN_MANY = f"""
{_SELECT} WHERE message.id IN (
    SELECT missed.id FROM unnest(%s::bigint[], %s::bigint[]) AS held (channel_id, rev)
    CROSS JOIN LATERAL (
        SELECT id FROM messages WHERE channel_id = held.channel_id AND rev > held.rev ORDER BY rev LIMIT %s
    ) AS missed
) ORDER BY message.rev
"""  # noqa: S608 (as above)
_ASKED: dict[Place, str] = {"channel_id": _both_sides("channel_id"), "thread_id": _both_sides("thread_id")}


def beside(
    where: Place, pk: int, seq: int, *, older: int = 0, newer: int = 0, condition: prepared_sql.Condition | None = None
) -> tuple[list[MessageColumns], list[MessageColumns]]:
    """At most so many before this place, and so many from it on; each newest first. Raises what the condition raises."""
    found = prepared_sql.rows_in_index_order(_ASKED[where], [pk, seq, older, pk, seq, newer], condition=condition)
    rows = _messages(found)
    rows.sort(key=lambda row: -row.seq)
    begin = sum(row.seq >= seq for row in rows)
    return rows[begin:], rows[:begin]


def changed_since(channel: int, rev: int, *, limit: int) -> list[MessageColumns]:
    """In the order of their numbers: complete up to the highest one returned."""
    return _messages(prepared_sql.rows(_CHANGED, [channel, rev, limit]))


def changed_in(held: Mapping[int, int], *, limit: int) -> list[MessageColumns]:
    """The same of many channels, at most so many of each.

    In one statement: a row that is changed between two would come with its later number, and hide what lies before it.
    """
    return _messages(prepared_sql.rows(_CHANGED_IN_MANY, [list(held), list(held.values()), limit]))


def messages_by_id(pks: Sequence[int]) -> dict[int, MessageColumns]:
    """Those that there are."""
    return {row.pk: row for row in _messages(prepared_sql.rows(_BY_ID, [list(pks)]))}


def _messages(found: Sequence[Sequence[Any]]) -> list[MessageColumns]:
    return [_message(row) for row in found]


def _message(row: Sequence[Any]) -> MessageColumns:
    parsed = [None if each is None else msgspec.json.decode(each) for each in row[_PLAIN:_SENDER]]
    return MessageColumns(*[*row[:_PLAIN], *parsed, SenderColumns(*row[_SENDER:])])

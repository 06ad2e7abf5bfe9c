"""The newest messages as rows that can be read as served: days, groups and quotes as the page's script sets them again.

Times are UTC's here; the browser's zone is known only to the script.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from chat import shapes

GROUP = timedelta(minutes=5)
QUOTE_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Row:
    message: shapes.Message
    day: str
    is_continued: bool
    initials: str
    quote_sender: str
    quote_text: str


def rows(messages: Sequence[shapes.Message], *, now: datetime | None = None) -> Iterator[Row]:
    """`messages`: oldest first."""
    today = (now or datetime.now(UTC)).date()
    by_id = {message.id: message for message in messages}
    previous: shapes.Message | None = None
    for message in messages:
        at = _at(message)
        is_new_day = previous is None or _at(previous).date() != at.date()
        quoted = by_id.get(message.reply_to or 0)
        yield Row(
            message=message,
            day=_day(at, today) if is_new_day else "",
            is_continued=not is_new_day and _are_grouped(previous, message),
            initials=_initials(message),
            quote_sender=quoted.sender.display_name if quoted and quoted.sender else "",
            quote_text=_quote(quoted),
        )
        previous = message


def _at(message: shapes.Message) -> datetime:
    return datetime.fromisoformat(message.created_at)


def _day(at: datetime, today: date) -> str:
    days = (today - at.date()).days
    if days in (0, 1):
        return ("Today", "Yesterday")[days]
    return f"{at:%A}, {at:%B} {at.day}" + ("" if at.year == today.year else f", {at.year}")


def _are_grouped(previous: shapes.Message | None, message: shapes.Message) -> bool:
    return (
        previous is not None
        and previous.kind == message.kind == "text"
        and previous.sender == message.sender
        and _at(message) - _at(previous) < GROUP
    )


def _initials(message: shapes.Message) -> str:
    words = message.sender.display_name.split()[:2] if message.sender else []
    return "".join(word[0] for word in words).upper() or "?"


def _quote(quoted: shapes.Message | None) -> str:
    if quoted is None:
        return "An earlier message"
    return "Message deleted" if quoted.deleted_at else " ".join(quoted.body.split())[:QUOTE_LETTERS]

"""Messages as rows of the served page, readable without JavaScript: days, groups, quotes, the line before new messages. The page's
script makes the same rows.

Times here are UTC: only the script knows the browser's time zone.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils.html import escape
from django.utils.safestring import SafeString

from chat import markdown, shapes
from chat.emoji import is_large
from chat.pages.files import FileLook, look_of

GROUP = timedelta(minutes=5)
QUOTE_LETTERS = 200
MOST_CITES = 3


@dataclass(frozen=True, slots=True)
class Reaction:
    emoji: str
    count: int
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Face:
    id: int
    initials: str


@dataclass(frozen=True, slots=True)
class Row:
    message: shapes.Message
    body: SafeString
    day: str
    is_unread: bool
    is_continued: bool
    initials: str
    quote_sender: str
    quote_text: str
    reactions: list[Reaction]
    files: list[FileLook]
    #: The message is only a few emoji.
    is_large: bool
    #: The message mentions the reader by name, or everybody.
    calls_me: bool
    #: The line about the thread: the number of replies under a root; where a reply comes from, under one shown in the channel.
    thread_line: str
    replied_at: str
    faces: list[Face]
    #: The page's address names this message.
    is_pointed: bool
    #: The places of linked messages that the page is sure to show as cards.
    cites: list[str]


def rows(
    messages: Sequence[shapes.Message],
    *,
    me: int,
    unread_from: int | None = None,
    unheard: Collection[int] = (),
    names: Mapping[int, str] | None = None,
    pointed: int | None = None,
    heads: Mapping[int, int] | None = None,
    origin: str = "",
    now: datetime | None = None,
) -> Iterator[Row]:
    """Rows for the messages. Messages that are only in a thread get no row; the first unread message is marked.

    `messages`: oldest first. `unheard`: users whose messages never count as unread. `names`: of users who have replied in threads.
    `heads`: {channel: head} of the reader's channels; a link to a message there, at this site's origin, cites it.
    """
    today = (now or datetime.now(UTC)).date()
    by_id = {message.id: message for message in messages}
    messages = [message for message in messages if message.thread is None or message.also_in_channel is True]
    first_unread = _first_unread(messages, unread_from, unheard)
    previous: shapes.Message | None = None
    for message in messages:
        at = _at(message)
        is_new_day = previous is None or _at(previous).date() != at.date()
        is_unread = message is first_unread
        yield _row(
            message,
            me=me,
            names=names or {},
            quoted=by_id.get(message.reply_to or 0),
            day=_day(at, today) if is_new_day else "",
            is_unread=is_unread,
            is_continued=not is_new_day and not is_unread and _are_grouped(previous, message),
            is_pointed=message.seq == pointed,
            cites=_cites(_body(message), heads or {}, origin),
        )
        previous = message


def _row(
    message: shapes.Message,
    *,
    me: int,
    names: Mapping[int, str],
    quoted: shapes.Message | None,
    day: str,
    is_unread: bool,
    is_continued: bool,
    is_pointed: bool,
    cites: list[str],
) -> Row:
    return Row(
        message=message,
        body=_body(message),
        day=day,
        is_unread=is_unread,
        is_continued=is_continued,
        initials=_initials(message.sender.display_name if message.sender else ""),
        quote_sender=quoted.sender.display_name if quoted and quoted.sender else "",
        quote_text=_quote(quoted),
        reactions=[Reaction(emoji, len(users), is_mine=me in users) for emoji, users in message.reactions.items()],
        files=[look_of(file) for file in message.files],
        is_large=is_large(message.body),
        calls_me=_calls(message, me),
        thread_line=_thread_line(message),
        replied_at=message.replied_at or "",
        faces=[Face(user, _initials(names.get(user, ""))) for user in message.repliers or ()],
        is_pointed=is_pointed,
        cites=cites,
    )


def _first_unread(
    messages: Sequence[shapes.Message], unread_from: int | None, unheard: Collection[int]
) -> shapes.Message | None:
    if unread_from is None:
        return None
    return next((message for message in messages if message.seq >= unread_from and _counts(message, unheard)), None)


def _calls(message: shapes.Message, me: int) -> bool:
    is_own = message.sender is not None and message.sender.id == me
    return not is_own and (message.mentions.everyone or me in message.mentions.users)


def _counts(message: shapes.Message, unheard: Collection[int]) -> bool:
    is_heard = message.sender is None or message.sender.id not in unheard
    return message.kind == "text" and message.deleted_at is None and is_heard


def _cites(body: str, heads: Mapping[int, int], origin: str) -> list[str]:
    # timeline/cites.js finds them by the same rule.
    found = re.findall(rf'href="{re.escape(origin)}/c/(\d+)/m/(\d+)["?#]', body)
    seen = [f"{channel}.{seq}" for channel, seq in found if int(seq) <= heads.get(int(channel), 0)]
    return list(dict.fromkeys(seen))[:MOST_CITES]


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


def repliers_of(messages: Sequence[shapes.Message]) -> set[int]:
    """The users whose faces are shown under roots."""
    return {user for message in messages for user in message.repliers or ()}


def _thread_line(message: shapes.Message) -> str:
    count = message.replies.count if message.replies else 0
    if count:
        return "1 reply" if count == 1 else f"{count:,} replies"
    return "Said in a thread" if message.thread is not None else ""


def _initials(name: str) -> str:
    words = name.split()[:2]
    return "".join(word[0] for word in words).upper() or "?"


def _body(message: shapes.Message) -> SafeString:
    return markdown.render(message.body) if message.kind == "text" else escape(message.body)


def _quote(quoted: shapes.Message | None) -> str:
    if quoted is None:
        return "An earlier message"
    if quoted.deleted_at:
        return "Message deleted"
    # A message without text is quoted by the names of its files.
    return (markdown.plain(quoted.body) or ", ".join(file.name for file in quoted.files))[:QUOTE_LETTERS]

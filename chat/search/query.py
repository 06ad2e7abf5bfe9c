"""Parses the text of a search box: words, "phrases", and the operators from: in: before: after: has: is:.

Knows nothing of rows: whether there is such a person or channel is asked elsewhere.
"""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.dateparse import parse_date, parse_datetime

from delivery.wire.errors import Invalid

#: Characters of a query; a longer one was not typed by a person.
MOST_CHARACTERS = 256
#: Words and operators of a query: each is a condition on every row that is looked at.
MOST_PARTS = 12
#: What a message can have, and what it can be.
HAS = ("link", "reply", "edit", "reaction", "file")
IS = ("mention", "pinned", "saved", "thread")

# An operator with its value, which may be quoted or missing; a quoted phrase (the last may be open); a word.
_PART = re.compile(
    r'(?P<op>from|in|before|after|has|is):(?:"(?P<given>[^"]*)(?:"|\Z)|(?P<value>\S*))|"(?P<phrase>[^"]*)(?:"|\Z)|(?P<word>\S+)',
    re.IGNORECASE,
)


@dataclass
class Query:
    """All of it must hold. Words may have typos, phrases may not; the others are None or empty where nothing was asked."""

    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    has: set[str] = field(default_factory=set)
    is_: set[str] = field(default_factory=set)
    before: datetime.datetime | None = None
    after: datetime.datetime | None = None


def parse_query(text: str) -> Query:
    """Raises Invalid for an empty query, one that is too long, and operators that can't be understood."""
    if len(text) > MOST_CHARACTERS:
        raise Invalid(f"A search has at most {MOST_CHARACTERS} characters.")
    if "\x00" in text or not _is_unicode(text):
        raise Invalid("This search has characters that no message can have.")
    parts = [part for found in _PART.finditer(text) if any(part := _part(found))]
    if not parts:
        raise Invalid("Say what to search for: ?q= with words, from: in: before: after: has: or is:.")
    if len(parts) > MOST_PARTS:
        raise Invalid(f"A search has at most {MOST_PARTS} words and operators.")
    query = Query()
    for op, value in parts:
        if not value:
            raise Invalid(f"{op}: needs a value right after the colon.")
        _TAKE[op](query, value)
    return query


def _part(found: re.Match[str]) -> tuple[str, str]:
    if found["op"]:
        return found["op"].lower(), (found["given"] or found["value"] or "").strip()
    if found["word"]:
        return "word", found["word"]
    phrase = found["phrase"].strip()
    return "phrase" if phrase else "", phrase


def _take_word(query: Query, value: str) -> None:
    query.words.append(value)


def _take_phrase(query: Query, value: str) -> None:
    query.phrases.append(value)


def _take_sender(query: Query, value: str) -> None:
    query.senders.append(value.removeprefix("@"))


def _take_channel(query: Query, value: str) -> None:
    query.channels.append(value.removeprefix("#"))


def _take_has(query: Query, value: str) -> None:
    if value.lower() not in HAS:
        raise Invalid(f"has: knows {', '.join(HAS[:-1])} and {HAS[-1]}, not {value!r}.")
    query.has.add(value.lower())


def _take_is(query: Query, value: str) -> None:
    if value.lower() not in IS:
        raise Invalid(f"is: knows {', '.join(IS[:-1])} and {IS[-1]}, not {value!r}.")
    query.is_.add(value.lower())


def _take_before(query: Query, value: str) -> None:
    moment, _ = _span_of("before", value)
    query.before = moment if query.before is None else min(query.before, moment)


def _take_after(query: Query, value: str) -> None:
    _, moment = _span_of("after", value)
    query.after = moment if query.after is None else max(query.after, moment)


_TAKE: dict[str, Callable[[Query, str], None]] = {
    "word": _take_word,
    "phrase": _take_phrase,
    "from": _take_sender,
    "in": _take_channel,
    "has": _take_has,
    "is": _take_is,
    "before": _take_before,
    "after": _take_after,
}


def _span_of(op: str, value: str) -> tuple[datetime.datetime, datetime.datetime]:
    """The beginning and the end of a day in UTC; of a moment, the moment twice."""
    try:
        day = parse_date(value)
        if day is not None:
            beginning = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
            return beginning, beginning + datetime.timedelta(days=1)
        moment = parse_datetime(value.upper())
        if moment is not None:
            moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
            moment = moment.astimezone(datetime.UTC)
            return moment, moment
    except (ValueError, OverflowError):
        # A 30th of February, say.
        pass
    raise Invalid(f"{op}: needs a day like 2026-11-23 or a time like 2026-11-23T18:30Z, not {value!r}.")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

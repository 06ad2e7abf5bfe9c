"""The messages that a query means, newest first, of what the caller may read page by page: the history of the caller's channels.

Every page costs a bounded amount of work, also among millions of messages. First the newest messages are looked through, so
that a common word is found at once; then the trigram index finds what is rare. What the index can't find (words of one or two
characters, operators alone) is looked for further back page by page: such a page may be short while there is a next one.
"""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from chat.models import Member, Message, User
from chat.models.folded import folded
from chat.search.query import Query, parse_query
from delivery.wire.errors import Invalid

#: Messages that are looked through before the index is asked, over all channels; at least LEAST_A_CHANNEL of each.
FIRST_LOOK = 2_000
#: Messages that one page looks through when the index can't help.
LONG_LOOK = 20_000
#: The same for words with typos, which the index finds more slowly: the more so, the more common they are.
FIRST_LOOK_FOR_TYPOS = 10_000
LEAST_A_CHANNEL = 50
#: How alike two words are that are taken for one with a typo: pg_trgm's word similarity, of which its own default is 0.6.
ALIKE = 0.4
#: The same beside messages that have the words themselves: then whole words that differ by a letter or so are meant. pg_trgm's
#: strict word similarity, and its own default.
CLOSE = 0.5
#: Shorter words have too few trigrams for a typo to leave enough of them.
LEAST_TYPO_CHARACTERS = 4

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
#: What a cursor begins with, by how alike words must be.
_MARKS = {"": 0, "~": ALIKE, "~~": CLOSE}
#: The place before the newest of all messages.
_AFTER_ALL = (datetime.datetime(9999, 1, 1, tzinfo=datetime.UTC), 0)
_CURSOR = re.compile(r"(~{0,2})(-?\d{1,18})\.(\d{1,18})\Z", re.ASCII)

#: Newest first, and a message's place in it: (created_at, id).
Place = tuple[datetime.datetime, int]


@dataclass(frozen=True)
class Found:
    """One page. `is_approximate`: some of these, the last ones, have not the words themselves, but words like them."""

    messages: list[Message]
    next_cursor: str | None
    is_approximate: bool


@dataclass(frozen=True)
class _Search:
    """A query with people and channels looked up, and where its page begins."""

    channels: list[int]
    words: list[str]
    phrases: list[str]
    senders: list[int] | None
    has: set[str]
    before: datetime.datetime | None
    after: datetime.datetime | None
    start: Place | None = None
    #: How alike words must be; 0: the same.
    alike: float = 0
    #: Those words and phrases that the index can find.
    indexed: list[str] = field(default_factory=list)


def search(user: User, text: str, *, cursor: str | None = None) -> Found:
    """At most one page of what the user may see. Raises Invalid for what can't be understood, and for unknown names."""
    asked = _resolved(user, parse_query(text))
    if cursor is not None:
        asked = _continued(asked, cursor)
    if not asked.channels:
        return Found([], None, False)
    size = settings.LIMITS.page
    with transaction.atomic():
        found = _page(asked, size)
        if found.next_cursor is not None or asked.alike or not _typos(asked):
            return found
        room = size - len(found.messages)
        # What was found on earlier pages counts too.
        like = replace(asked, alike=CLOSE if found.messages or asked.start else ALIKE, start=None)
        close = _page(like, room) if room else Found([], _spell(like, _AFTER_ALL), False)
        return replace(close, messages=found.messages + close.messages, is_approximate=bool(close.messages))


# ---- names become ids ----


def _resolved(user: User, query: Query) -> _Search:
    members = _memberships(user, query.channels)
    words = [word for word in folded(query.words) if word]
    phrases = [phrase for phrase in folded(query.phrases) if phrase]
    return _Search(
        channels=[member.channel_id for member in members],
        words=words,
        phrases=phrases,
        senders=_senders(user, query.senders) if query.senders else None,
        has=query.has,
        before=query.before,
        after=query.after,
        indexed=_indexed([*words, *phrases]),
    )


def _memberships(user: User, names: Sequence[str]) -> list[Member]:
    members = list(Member.objects.filter(user=user).select_related("channel").order_by("channel_id"))
    called = folded([*names, *(member.channel.name for member in members)]) if names else []
    channels = dict(zip([member.channel_id for member in members], called[len(names) :], strict=False))
    for name, wanted in zip(names, called, strict=False):
        those = [
            member for member in members if name == str(member.channel_id) or wanted == channels[member.channel_id]
        ]
        if not those:
            # The same sentence whether it does not exist or may not be seen.
            raise Invalid(f"You are in no channel called {name!r}.")
        members = those
    return members


def _senders(user: User, names: Sequence[str]) -> list[int]:
    found: set[int] | None = None
    for name in names:
        if name.lower() == "me":
            those = {user.pk}
        else:
            people = User.objects.filter(Q(username__reads=name) | Q(display_name__reads=name))
            those = set(people.values_list("pk", flat=True))
        if not those:
            raise Invalid(f"There is nobody called {name!r}.")
        found = those if found is None else found & those
    return sorted(found or ())


def _indexed(terms: Sequence[str]) -> list[str]:
    runs = {term: max(re.findall(r"[^\W_]{3,}", term), key=len, default="") for term in terms}
    foreign = [run for run in runs.values() if not run.isascii()]
    if foreign:
        # Whether letters beyond ASCII have trigrams depends on the database's LC_CTYPE.
        with connection.cursor() as cursor:
            cursor.execute("SELECT run FROM unnest(%s::text[]) AS run WHERE cardinality(show_trgm(run)) = 0", [foreign])
            without = {run for (run,) in cursor.fetchall()}
        runs = {term: run for term, run in runs.items() if run not in without}
    return [term for term, run in runs.items() if run]


def _typos(asked: _Search) -> list[str]:
    """The words that may have been meant otherwise."""
    return [word for word in asked.words if word in asked.indexed and len(word) >= LEAST_TYPO_CHARACTERS]


def _continued(asked: _Search, cursor: str) -> _Search:
    parts = _CURSOR.match(cursor)
    if parts is None:
        raise Invalid("This cursor is none of ours: take it from next.")
    try:
        created_at = _EPOCH + int(parts[2]) * _MICROSECOND
    except OverflowError:
        raise Invalid("This cursor is none of ours: take it from next.") from None
    return replace(asked, start=(created_at, int(parts[3])), alike=_MARKS[parts[1]])


# ---- one page ----


def _page(asked: _Search, size: int) -> Found:
    can_use_index = bool(asked.indexed) or asked.senders is not None
    end = _end_of_look(asked, _look(asked) if can_use_index else LONG_LOOK)
    places = _matches(asked, end, size + 1)
    if len(places) <= size and end is not None and can_use_index:
        end, places = None, _matches(asked, None, size + 1)
    following = places[size - 1] if len(places) > size else end
    return Found(
        messages=_messages(places[:size]),
        next_cursor=_spell(asked, following) if following is not None else None,
        is_approximate=asked.alike > 0,
    )


def _look(asked: _Search) -> int:
    return FIRST_LOOK_FOR_TYPOS if asked.alike else FIRST_LOOK


def _spell(asked: _Search, place: Place) -> str:
    created_at, pk = place
    mark = next(mark for mark, alike in _MARKS.items() if alike == asked.alike)
    return f"{mark}{(created_at - _EPOCH) // _MICROSECOND}.{pk}"


def _messages(places: Sequence[Place]) -> list[Message]:
    rows = Message.objects.for_the_wire().in_bulk([pk for _, pk in places])
    return [rows[pk] for _, pk in places]


_END_OF_LOOK = """
SELECT last.created_at, last.id FROM unnest(%s::bigint[]) AS mine (channel_id), LATERAL (
    SELECT created_at, id FROM messages WHERE channel_id = mine.channel_id AND {within}
    ORDER BY created_at DESC, id DESC OFFSET %s LIMIT 1
) AS last ORDER BY 1 DESC, 2 DESC LIMIT 1
"""

# Materialized, so that the planner compares the ways to the matches, and does not walk a whole index for an early LIMIT.
_MATCHES = """
WITH found AS MATERIALIZED (
    SELECT messages.created_at, messages.id
    FROM messages WHERE messages.channel_id = ANY(%s)
      AND messages.kind = 'text' AND messages.deleted_at IS NULL AND {within} AND {matching}
)
SELECT created_at, id FROM found ORDER BY created_at DESC, id DESC LIMIT %s
"""


def _end_of_look(asked: _Search, most: int) -> Place | None:
    """Where a look at the newest `most` messages ends; None if it reaches the oldest. Nothing newer is left out, in no channel."""
    within, values = _within(asked, None)
    each = max(LEAST_A_CHANNEL, most // len(asked.channels))
    with connection.cursor() as cursor:
        cursor.execute(_END_OF_LOOK.format(within=within), [asked.channels, *values, each - 1])
        rows: list[Place] = cursor.fetchall()
    return rows[0] if rows else None


def _matches(asked: _Search, end: Place | None, most: int) -> list[Place]:
    with connection.cursor() as cursor:
        if asked.alike:
            threshold = f"pg_trgm.{'strict_' if asked.alike == CLOSE else ''}word_similarity_threshold"
            cursor.execute("SELECT set_config(%s, %s, true)", [threshold, str(asked.alike)])
        cursor.execute(*_matches_sql(asked, end, most))
        rows: list[Place] = cursor.fetchall()
    return rows


def _matches_sql(asked: _Search, end: Place | None, most: int) -> tuple[str, list[Any]]:
    within, places = _within(asked, end)
    matching, values = _matching(asked)
    sql = _MATCHES.format(within=within, matching=matching)
    return sql, [asked.channels, *places, *values, most]


def _within(asked: _Search, end: Place | None) -> tuple[str, list[Any]]:
    conditions: list[str] = ["true"]
    values: list[Any] = []
    if asked.start is not None:
        conditions.append("(messages.created_at, messages.id) < (%s, %s)")
        values += asked.start
    if end is not None:
        conditions.append("(messages.created_at, messages.id) >= (%s, %s)")
        values += end
    if asked.before is not None:
        conditions.append("messages.created_at < %s")
        values.append(asked.before)
    if asked.after is not None:
        conditions.append("messages.created_at >= %s")
        values.append(asked.after)
    return " AND ".join(conditions), values


_HAS = {
    "link": "body ~* 'https?://[^[:space:]]'",
    "reply": "reply_to_id IS NOT NULL",
    "edit": "edited_at IS NOT NULL",
}


#: What the index idx_messages_body_gin has.
_BODY = "gapless_fold(body)"


def _matching(asked: _Search) -> tuple[str, list[Any]]:
    conditions: list[str] = [_HAS[has] for has in sorted(asked.has)] or ["true"]
    values: list[Any] = []
    if asked.senders is not None:
        conditions.append("sender_id = ANY(%s)")
        values.append(asked.senders)
    typos = _typos(asked) if asked.alike else []
    for word in [*asked.phrases, *(word for word in asked.words if word not in typos)]:
        conditions.append(f"{_BODY} LIKE %s")
        values.append(_containing(word))
    is_like = "<<%%" if asked.alike == CLOSE else "<%%"
    for word in typos:
        conditions.append(f"({_BODY} LIKE %s OR %s {is_like} {_BODY})")
        values += [_containing(word), word]
    if typos:
        # What has the words themselves was on the pages before.
        conditions.append(f"NOT ({' AND '.join([f'{_BODY} LIKE %s'] * len(typos))})")
        values += [_containing(word) for word in typos]
    return " AND ".join(conditions), values


def _containing(text: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"

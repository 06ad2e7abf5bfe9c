"""The conditions of a search, as SQL over the columns of `messages`."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.search.asked import Asked, Place

#: How alike two words are that are taken for one with a typo: pg_trgm's word similarity, of which its own default is 0.6.
ALIKE = 0.4
#: The same beside messages that have the words themselves: then whole words that differ by a letter or so are meant. pg_trgm's
#: strict word similarity, and its own default.
CLOSE = 0.5


@dataclass(frozen=True)
class Condition:
    sql: str
    values: Sequence[Any] = field(default=())


def every(conditions: Iterable[Condition]) -> Condition:
    return _joined(" AND ", list(conditions), neutral="true")


def any_of(conditions: Iterable[Condition]) -> Condition:
    return _joined(" OR ", list(conditions), neutral="false")


def within(asked: Asked, end: Place | None) -> Condition:
    """From where the page begins to where a look ends, and within the days that were asked for."""
    conditions = []
    if asked.start is not None:
        conditions.append(Condition("(created_at, id) < (%s, %s)", asked.start))
    if end is not None:
        conditions.append(Condition("(created_at, id) >= (%s, %s)", end))
    if asked.before is not None:
        conditions.append(Condition("created_at < %s", [asked.before]))
    if asked.after is not None:
        conditions.append(Condition("created_at >= %s", [asked.after]))
    return every(conditions)


def matching(asked: Asked) -> Condition:
    """All that was asked for of a message itself."""
    typos = asked.typos if asked.alike else []
    conditions = [Condition(_HAS[has]) for has in sorted(asked.has)]
    conditions += [_is(asked, word) for word in sorted(asked.is_)]
    conditions += [_by(asked.senders)] if asked.senders is not None else []
    conditions += [_contains(term) for term in [*asked.phrases, *asked.words] if term not in typos]
    conditions += [any_of([_contains(word), _resembles(word, asked.alike)]) for word in typos]
    if typos:
        # What has the words themselves was on the pages before.
        conditions.append(_not(every(map(_contains, typos))))
    return every(conditions)


def ways(asked: Asked, named: Collection[str], pieces: Mapping[str, Sequence[str]]) -> list[Condition]:
    """What an index finds of it, each by itself: the words, the senders, what messages have. Every match is found by each.

    `named`: those of the words that are in a file's name; `pieces`: what is enough to find some of the others.
    """

    def contains(text: str) -> Condition:
        # Words that are only said are found together, in one scan that passes over most of what has only some of them.
        return _contains_by_index(text) if text in named else every(map(_says, pieces.get(text, [text])))

    return _ways(asked, contains, _HAS_BY_INDEX)


def _ways(asked: Asked, contains: Callable[[str], Condition], has: Mapping[str, str]) -> list[Condition]:
    typos = asked.typos if asked.alike else []
    found = []
    if asked.indexed:
        same = [contains(term) for term in asked.indexed if term not in typos]
        like = [any_of([contains(word), _resembles(word, asked.alike)]) for word in typos]
        found.append(every([*same, *like]))
    if asked.senders is not None:
        found.append(_by(asked.senders))
    found += [Condition(has[word]) for word in sorted(asked.has)]
    return [*found, *(_is(asked, word) for word in sorted(asked.is_))]


def likely(asked: Asked) -> list[Condition]:
    """The same of a row at hand; but for words that are like others what they take that the index looks at: known much sooner."""
    typos = asked.typos if asked.alike else []
    if not typos:
        return _ways(asked, _contains, _HAS)
    same = [_contains(term) for term in asked.indexed if term not in typos]
    like = [any_of([_shares_trigrams(word, asked.alike), _names_a_file(word)]) for word in typos]
    return [every([*same, *like]), *_ways(asked, _contains, _HAS)[1:]]


#: A text without `http` is seen ten times as soon as that a pattern does not match it.
_OF_A_LINK = "folded LIKE '%%http%%'"
_HAS = {
    "link": f"({_OF_A_LINK} AND body ~* 'https?://[^[:space:]]')",
    "reply": "reply_to_id IS NOT NULL",
    "edit": "edited_at IS NOT NULL",
    "reaction": "reactions IS NOT NULL",
    "file": "files IS NOT NULL",
}
#: What an index finds of the same. The columns of reactions and files have none: each reaction would write all indexes anew.
_HAS_BY_INDEX = {
    "link": _OF_A_LINK,
    "reply": _HAS["reply"],
    "edit": _HAS["edit"],
    "reaction": "id IN (SELECT message_id FROM message_reactions)",
    "file": "id IN (SELECT message_id FROM files WHERE message_id IS NOT NULL)",
}
#: Conditions that few messages meet, each with an index of its own. A list is that of the user who searches.
_IS = {
    "mention": "id IN (SELECT message_id FROM message_mentions WHERE user_id = %s)",
    "pinned": "pinned_at IS NOT NULL",
    "thread": "(thread_id IS NOT NULL OR reply_count > 0)",
    "saved": "id IN (SELECT message_id FROM saved_messages WHERE user_id = %s)",
}


def _is(asked: Asked, word: str) -> Condition:
    sql = _IS[word]
    return Condition(sql, [asked.user] * sql.count("%s"))


def _by(senders: Sequence[int]) -> Condition:
    return Condition("sender_id = ANY(%s)", [senders])


def _contains(text: str) -> Condition:
    # In its words, or in the name of one of its files.
    return any_of([_says(text), _names_a_file(text)])


def _contains_by_index(text: str) -> Condition:
    # The same; as an array, because an index is not asked for what is in a subquery or something else.
    return any_of([_says(text), Condition("id = ANY(ARRAY(" + _NAMED + "))", [pattern(text)])])


def _says(text: str) -> Condition:
    return Condition("folded LIKE %s", [pattern(text)])


def _names_a_file(text: str) -> Condition:
    return Condition(f"(files IS NOT NULL AND EXISTS ({_OF_ITS_FILES}))", [pattern(text)])


#: Of such words (as patterns, beside them) those that are in a file's name.
WORDS_THAT_NAME = """
SELECT word FROM unnest(%s::text[], %s::text[]) AS asked (word, pattern)
WHERE EXISTS (SELECT FROM files WHERE message_id IS NOT NULL AND gapless_fold(name) LIKE pattern)
"""
_NAMED = "SELECT message_id FROM files WHERE message_id IS NOT NULL AND gapless_fold(name) LIKE %s"
_OF_ITS_FILES = "SELECT FROM jsonb_to_recordset(files) AS file (name text) WHERE gapless_fold(name) LIKE %s"


def pattern(text: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


def _resembles(word: str, alike: float) -> Condition:
    return Condition(f"%s {'<<%%' if alike == CLOSE else '<%%'} folded", [word])


def _shares_trigrams(word: str, alike: float) -> Condition:
    """True for whatever resembles it: as many of its trigrams as pg_trgm's index wants to see in a text."""
    trigrams = {f"  {run} "[at : at + 3] for run in re.findall(r"[^\W_]+", word) for at in range(len(run) + 1)}
    parts = [trigram.strip() for trigram in trigrams]
    # Letters beyond ASCII may be none to the database: then it knows other trigrams.
    sought = [part for part in parts if len(part) > 1 and word.isascii()]
    least = math.ceil(alike * len(parts)) - (len(parts) - len(sought))
    if least <= 0 or not word.isascii():
        return Condition("true")
    count = _joined(" + ", [Condition(f"({each.sql})::int", each.values) for each in map(_says, sought)], neutral="0")
    return Condition(f"{count.sql} >= %s", [*count.values, least])


def _not(condition: Condition) -> Condition:
    return Condition(f"NOT {condition.sql}", condition.values)


def _joined(word: str, conditions: Sequence[Condition], *, neutral: str) -> Condition:
    if not conditions:
        return Condition(neutral)
    return Condition(
        f"({word.join(each.sql for each in conditions)})", [value for each in conditions for value in each.values]
    )

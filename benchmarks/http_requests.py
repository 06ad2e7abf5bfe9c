"""The HTTP requests of benchmarks.http by kind: pages of history and searches; the same in every run."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.filled_channels import Reader
from chat.tools.babble import TICKET_EVERY, WORDS

#: One question: path and query.
Question = tuple[str, Mapping[str, object]]
_PLAIN = [word for word in WORDS if word.isascii() and len(word) >= 5]
_SHORT = [word for word in WORDS if word.isascii() and len(word) == 2]
_LETTERS = "etaoinshr"


@dataclass(frozen=True)
class Kind:
    """`whose`: of which reader; `most_ms`: what the slowest of twenty may take (searches), or CPU (pages)."""

    name: str
    whose: str
    most_ms: float
    ask: Callable[[random.Random, Reader], Question]


def _page(**query: Callable[[random.Random, Reader], int]) -> Callable[[random.Random, Reader], Question]:
    return lambda chance, reader: (
        f"channels/{reader.largest}/messages/",
        {name: place(chance, reader) for name, place in query.items()},
    )


def _changes(chance: random.Random, reader: Reader) -> Question:
    return f"channels/{reader.largest}/changes/", {"since": chance.randrange(reader.head)}


def _somewhere(chance: random.Random, reader: Reader) -> int:
    return chance.randrange(100, reader.head - 100)


PAGES = [
    Kind("newest, from the cache", "all", 4, _page()),
    Kind("before", "all", 8, _page(before=_somewhere)),
    Kind("after", "all", 8, _page(after=_somewhere)),
    Kind("around", "all", 8, _page(around=_somewhere)),
    Kind("the oldest", "all", 8, _page(after=lambda chance, reader: 0)),
    Kind("100 before", "all", 16, _page(before=_somewhere, page_size=lambda chance, reader: 100)),
    Kind("changes since (50)", "all", 12, _changes),
]


def _search(spell: Callable[[random.Random, Reader], str]) -> Callable[[random.Random, Reader], Question]:
    return lambda chance, reader: ("search/", {"q": spell(chance, reader)})


def _rare(chance: random.Random, reader: Reader) -> str:
    return f"GAP-{chance.randrange(IN_LARGEST // TICKET_EVERY) * TICKET_EVERY + TICKET_EVERY}"


#: Tickets are numbered within it.
IN_LARGEST = 1_000_000


def _word(chance: random.Random, reader: Reader) -> str:
    return chance.choice(_PLAIN)


def _typo(chance: random.Random, reader: Reader) -> str:
    word = chance.choice(_PLAIN)
    place = chance.randrange(1, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _nonsense(chance: random.Random, reader: Reader) -> str:
    return "".join(chance.choices("bcdfgjkpqvwxz", k=7))


def _part(length: int) -> Callable[[random.Random, Reader], str]:
    def part(chance: random.Random, reader: Reader) -> str:
        word = chance.choice([word for word in _PLAIN if len(word) > length])
        start = chance.randrange(len(word) - length)
        return word[start : start + length]

    return part


def _words(count: int) -> Callable[[random.Random, Reader], str]:
    return lambda chance, reader: " ".join(chance.sample(_PLAIN, count))


def _in_one(chance: random.Random, reader: Reader) -> str:
    return f"in:{chance.choice(reader.channels)} "


def _from(chance: random.Random, reader: Reader) -> str:
    return f"from:filler{chance.randrange(20)} "


def _day(chance: random.Random, reader: Reader) -> str:
    return f"2026-{chance.randrange(1, 11):02}-{chance.randrange(1, 28):02}"


SEARCHES = [
    Kind("a word that is in a few messages", "all", 50, _search(_rare)),
    Kind("a word that is in none", "all", 50, _search(_nonsense)),
    Kind("a word that is in very many", "all", 200, _search(_word)),
    Kind("two words", "all", 50, _search(_words(2))),
    Kind("three words", "all", 50, _search(_words(3))),
    Kind("a phrase of two words", "all", 50, _search(lambda c, r: f'"{_words(2)(c, r)}"')),
    Kind("a typo", "all", 50, _search(_typo)),
    Kind("a typo and a word", "all", 50, _search(lambda c, r: f"{_typo(c, r)} {_word(c, r)}")),
    Kind("a part of three letters", "all", 50, _search(_part(3))),
    Kind("a part of four letters", "all", 50, _search(_part(4))),
    Kind("two letters", "all", 50, _search(lambda c, r: c.choice(_SHORT))),
    Kind("one letter", "all", 50, _search(lambda c, r: c.choice(_LETTERS))),
    Kind("two letters that are in none", "all", 200, _search(lambda c, r: c.choice(["qz", "jq", "xj"]))),
    Kind("%%% and the like", "all", 200, _search(lambda c, r: c.choice(["%%%", "___", "!?", "%_%", '"\\\\"']))),
    Kind("two Chinese characters", "all", 50, _search(lambda c, r: "日本")),
    Kind("three Russian letters", "all", 50, _search(lambda c, r: "спа")),
    Kind("a person", "all", 50, _search(_from)),
    Kind("a person and a word", "all", 50, _search(lambda c, r: _from(c, r) + _word(c, r))),
    Kind("a person and a rare word", "all", 50, _search(lambda c, r: _from(c, r) + _rare(c, r))),
    Kind("one channel and a word", "all", 50, _search(lambda c, r: _in_one(c, r) + _word(c, r))),
    Kind("one channel and a rare word", "all", 50, _search(lambda c, r: _in_one(c, r) + _rare(c, r))),
    Kind("one channel and a typo", "all", 50, _search(lambda c, r: _in_one(c, r) + _typo(c, r))),
    Kind("a day's end and a word", "all", 50, _search(lambda c, r: f"before:{_day(c, r)} {_word(c, r)}")),
    Kind("a day's end and a rare word", "all", 50, _search(lambda c, r: f"before:{_day(c, r)} {_rare(c, r)}")),
    Kind("since a day, a rare word", "all", 50, _search(lambda c, r: f"after:{_day(c, r)} {_rare(c, r)}")),
    Kind("has:link (nobody said one)", "all", 50, _search(lambda c, r: "has:link")),
    Kind("has:reply (nobody gave one)", "all", 50, _search(lambda c, r: "has:reply")),
    Kind("500 channels, a word", "many", 200, _search(_word)),
    Kind("500 channels, a rare word", "many", 50, _search(_rare)),
    Kind("500 channels, a typo", "many", 50, _search(_typo)),
    Kind("500 channels, two letters that are in none", "many", 200, _search(lambda c, r: "qz")),
    Kind("a small channel, a word", "one", 50, _search(_word)),
    Kind("a small channel, others' rare word", "one", 50, _search(_rare)),
    Kind("a small channel, a typo", "one", 50, _search(_typo)),
    Kind("a small channel, two words", "one", 50, _search(_words(2))),
]

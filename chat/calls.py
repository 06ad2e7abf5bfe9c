"""The mentions in a text: `@name`, `@here` and `@channel`, outside of code and links as Markdown knows them. Knows no rows."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from chat.markdown.parser import parse

#: They call everybody in the channel. Who is there now is known to Redis only, which may be away: what counts as a mention, and
#: is counted from rows, must not hang on that. The pages of those who are there say it at once, so both words do what they say.
EVERYBODY = frozenset({"channel", "here"})
#: The longest username.
MOST_LETTERS = 40

#: Written to be read as it stands.
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\@")


@dataclass(frozen=True, slots=True)
class Calls:
    """`names`: of each `@word` what it may name, in small letters, the longest first: `@bob.` is bob, unless there is a `bob.`"""

    names: list[list[str]]
    everyone: bool


NOBODY = Calls([], everyone=False)


def calls_in(body: str) -> Calls:
    """In the order of their first places, each once."""
    if "@" not in body:
        return NOBODY
    found = dict.fromkeys(_words(parse(_ESCAPED.sub("\\1 ", body))))
    words = [meant for word in found if (meant := _meant(word))]
    names = [meant for meant in words if EVERYBODY.isdisjoint(meant)]
    return Calls(names, everyone=len(names) < len(words))


def _meant(word: str) -> list[str]:
    bare = word.rstrip("._-")
    return [word[:end] for end in range(len(word), len(bare) - 1, -1) if end <= MOST_LETTERS]


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _words(token.children or [])
        elif "data-call" in token.attrs:
            yield str(token.attrs["data-call"])

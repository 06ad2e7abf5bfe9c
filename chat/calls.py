"""Whom a text calls: `@name`, `@here` and `@channel` as words of their own, outside of code and links. Knows no rows.

The page's `people/calls.js` looks for the same words: change both.
"""

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

# Not within a word, as in an address of mail: `mail@example.org`, `a.@example.org`, `@bob@example.org`.
_CALL = re.compile(r"(?<![\w@])(?<!\w[.+-])@([A-Za-z0-9][A-Za-z0-9._-]*)(?![\w@])")

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
    tokens = parse(_ESCAPED.sub("\\1 ", body))
    found = [word for text in _texts(tokens) for word in _CALL.findall(text.lower())]
    words = [meant for word in dict.fromkeys(found) if (meant := _meant(word))]
    names = [meant for meant in words if EVERYBODY.isdisjoint(meant)]
    return Calls(names, everyone=len(names) < len(words))


def _meant(word: str) -> list[str]:
    bare = word.rstrip("._-")
    return [word[:end] for end in range(len(word), len(bare) - 1, -1) if end <= MOST_LETTERS]


def _texts(tokens: Iterable[Token]) -> Iterator[str]:
    depth = 0
    for token in tokens:
        depth += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type == "inline":
            yield from _texts(token.children or [])
        elif token.type == "text" and not depth:
            yield token.content

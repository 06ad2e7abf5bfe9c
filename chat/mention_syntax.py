"""The mentions in a text: `@name`, `@here` and `@channel`, outside of code and links as Markdown knows them. Knows no rows."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from chat.markdown.parser import parse

#: Both mention everybody in the channel. Only Redis knows who is there now, and Redis may be away: mentions are counted from rows,
#: so they must not depend on it. The pages of users who are there show the mention at once.
EVERYBODY = frozenset({"channel", "here"})
#: The longest username.
MOST_LETTERS = 40

#: An escaped `@` mentions nobody.
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\@")


@dataclass(frozen=True, slots=True)
class NamesInText:
    """The mentions in a text.

    `names`: for each `@word` the usernames that it may mean, in small letters, the longest first: `@bob.` is bob, unless there is
    a `bob.` `everyone`: whether it says `@here` or `@channel`.
    """

    names: list[list[str]]
    everyone: bool


NOBODY = NamesInText([], everyone=False)


def mentions_in_text(body: str) -> NamesInText:
    """The mentions in a message's text: names in the order of their first places, each once."""
    if "@" not in body:
        return NOBODY
    found = dict.fromkeys(_words(parse(_ESCAPED.sub("\\1 ", body))))
    words = [meant for word in found if (meant := _meant(word))]
    names = [meant for meant in words if EVERYBODY.isdisjoint(meant)]
    return NamesInText(names, everyone=len(names) < len(words))


def _meant(word: str) -> list[str]:
    bare = word.rstrip("._-")
    return [word[:end] for end in range(len(word), len(bare) - 1, -1) if end <= MOST_LETTERS]


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _words(token.children or [])
        elif "data-call" in token.attrs:
            yield str(token.attrs["data-call"])

"""Words with a meaning, such as mentions, in the text between all other marks: not in code and not in links.

The page's `markdown/words.js` is the same, expression for expression: change both. A new kind of word is one more line of WORDS.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from chat.markdown.links import HOST, MAIL, PATH, is_address, trimmed


@dataclass(frozen=True, slots=True)
class Word:
    """A word, drawn as `<tag attributes>text</tag>`; `text` is the beginning of the match that belongs to it."""

    tag: str
    attributes: dict[str, str]
    text: str


def _site(found: str) -> Word | None:
    text = trimmed(found, before="")
    href = f"https://{text}"
    return Word("a", {"href": href, "title": href}, text) if "." in text[4:] and is_address(href) else None


def _mail(found: str) -> Word | None:
    return Word("a", {"href": f"mailto:{found}", "title": f"mailto:{found}"}, found)


# Whom it may name, in small letters; whether it does is the message's to say (`mentions`).
def _call(found: str) -> Word | None:
    return Word("span", {"data-call": found[1:].lower()}, found.rstrip("._-"))


#: Letters of the scripts in which a name could go on; beside those that are written without blanks a name may stand.
LETTER = r"A-Za-z0-9_\u00aa\u00b5\u00ba\u00c0-\u02af\u0370-\u052f\u1e00-\u1fff"
#: A word of its own: not within an address of mail, or another's: `a.@example`, `@bob@example`.
CALL = rf"(?<![{LETTER}@])(?<![{LETTER}][.+-])@[A-Za-z0-9][A-Za-z0-9._-]*(?![{LETTER}@])"

#: What is looked for, in this order, and what is made of it: nothing, and it stays text.
WORDS: Sequence[tuple[re.Pattern[str], Callable[[str], Word | None]]] = [
    (re.compile(rf"(?<![A-Za-z0-9._-])[wW][wW][wW]\.{HOST}{PATH}"), _site),
    (re.compile(rf"(?<![A-Za-z0-9._+/-]){MAIL}"), _mail),
    (re.compile(CALL), _call),
]


def with_words(tokens: Sequence[Token]) -> list[Token]:
    in_link = 0
    shown: list[Token] = []
    for token in tokens:
        in_link += (token.type == "link_open") - (token.type == "link_close")
        shown += [token] if in_link or token.type != "text" else _split(token.content)
    return shown


def _split(text: str) -> list[Token]:
    parts: list[str | Word] = [text]
    for pattern, word in WORDS:
        parts = [
            piece for part in parts for piece in ([part] if isinstance(part, Word) else _found(part, pattern, word))
        ]
    return [_token(part) for part in parts]


def _found(text: str, pattern: re.Pattern[str], word: Callable[[str], Word | None]) -> list[str | Word]:
    pieces: list[str | Word] = []
    end = 0
    for match in pattern.finditer(text):
        made = word(match[0])
        if made:
            pieces += [text[end : match.start()], made]
            end = match.start() + len(made.text)
    return [piece for piece in (*pieces, text[end:]) if piece]


def _token(part: str | Word) -> Token:
    if isinstance(part, str):
        return Token("text", "", 0, content=part)
    return Token("word", part.tag, 0, content=part.text, attrs=dict(part.attributes))

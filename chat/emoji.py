"""Emoji: Unicode's list of those for general interchange (emoji.txt, made by bin/emoji), each in its full spelling."""

import functools
from pathlib import Path

#: Asks for the coloured look. Keyboards leave it out, or set it where it changes nothing.
_COLOURED = "\ufe0f"
#: So many together, and nothing else, are shown large.
MOST_LARGE = 3


def fully_qualified(text: str) -> str | None:
    """The full spelling of this emoji; None if the text is no single emoji."""
    if len(text) > 2 * _longest():
        return None
    return _spellings().get(text.replace(_COLOURED, ""))


def is_large(body: str) -> bool:
    """Whether a message is nothing but a few emoji."""
    text = "".join(body.split())
    if not text or len(text) > MOST_LARGE * _longest():
        return False
    place = count = 0
    while place < len(text):
        lengths = range(min(_longest(), len(text) - place), 0, -1)
        length = next((length for length in lengths if text[place : place + length] in _all()), None)
        if length is None:
            return False
        place, count = place + length, count + 1
    return count <= MOST_LARGE


@functools.cache
def _spellings() -> dict[str, str]:
    known = Path(__file__).with_name("emoji.txt").read_text().split()
    return {text.replace(_COLOURED, ""): text for text in known}


@functools.cache
def _all() -> frozenset[str]:
    return frozenset(_spellings().values())


@functools.cache
def _longest() -> int:
    return max(map(len, _all()))

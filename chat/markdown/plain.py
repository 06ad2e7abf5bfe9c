"""A body as one line of text, without its marks: for excerpts, quotes and notices. The page's `markdown/plain.js` is the same."""

import re
from collections.abc import Iterable, Iterator

from markdown_it.token import Token

from chat.markdown.links import BLANK
from chat.markdown.parser import parse

BLANKS = re.compile(f"[{BLANK}]+")


def plain(body: str) -> str:
    return BLANKS.sub(" ", "".join(_said(parse(body)))).strip(" ")


def _said(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _said(token.children or [])
            yield " "
        elif token.type in ("fence", "code_block", "hardbreak"):
            yield f" {token.content} "
        elif token.type == "hr":
            yield " — "
        else:
            yield token.content

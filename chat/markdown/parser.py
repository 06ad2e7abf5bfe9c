"""A body as tokens of markdown-it: CommonMark without raw HTML, images and character references, with tables and strikethrough.

The page's `markdown/parser.js` is the same, rule for rule: change both.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat.markdown.links import BLANK, HIDDEN, address_rule, is_address, with_addresses
from chat.markdown.words import with_words

RULES = (
    *("blockquote", "code", "fence", "heading", "hr", "list", "reference", "table"),
    *("escape", "backticks", "strikethrough", "emphasis", "link", "autolink"),
)
#: In one paragraph or cell; with more of them they are text, so that no body takes long.
MOST_MARKS = 200
MARKS = "[*_~"
#: Quotes and lists within each other; what is nested deeper is shown as it was typed.
MOST_NESTED = 20
CONTAINERS = {"blockquote_open", "list_item_open"}
ESCAPES = re.compile(r"\\[!-/:-@\[-`{-~\n]")
SEEN = re.compile(rf"[^{HIDDEN}{BLANK}]")


class _Parser(MarkdownIt):
    """An address is taken as it was typed: the browser spells it."""

    def __init__(self) -> None:
        super().__init__("zero", {"maxNesting": MOST_NESTED})
        self.enable(list(RULES))
        self.inline.ruler.after("text", "bound", _bound_rule)
        self.inline.ruler.after("bound", "address", address_rule)
        self.inline.ruler.after("address", "line", _line_rule)
        self.inline.ruler.after("line", "backslash", _backslash_rule)
        self.inline.ruler.after("backslash", "nested", _nested_rule)
        self.core.ruler.push("words", _find_words)

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return is_address(url)

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        return link


def _bound_rule(state: StateInline, silent: bool) -> bool:
    sign = state.src[state.pos]
    if sign not in MARKS or not _has_too_many_marks(state.src):
        return False
    if not silent:
        state.pending += sign
    state.pos += 1
    return True


def _line_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        state.pending = state.pending.rstrip(" ") + "\n"
    state.pos += 1
    while state.pos < state.posMax and state.src[state.pos] in " \t":
        state.pos += 1
    return True


# In a link an address between brackets is text: no link within a link.
def _nested_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "<" or not state.linkLevel:
        return False
    if not silent:
        state.pending += "<"
    state.pos += 1
    return True


# One that escapes nothing: the two libraries part with it differently.
def _backslash_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "\\" or ESCAPES.match(state.src, state.pos):
        return False
    if not silent:
        state.pending += "\\"
    state.pos += 1
    return True


@lru_cache(maxsize=16)
def _has_too_many_marks(text: str) -> bool:
    return sum(text.count(sign) for sign in MARKS) > MOST_MARKS


def _find_words(state: StateCore) -> None:
    for token in state.tokens:
        if token.children:
            token.children = with_addresses(with_words(token.children))


_PARSER = _Parser()


def parse(body: str) -> list[Token]:
    """The tokens of a body. A body that would show nothing, or is nested too deeply, is one paragraph of the typed text."""
    tokens = _PARSER.parse(body.replace("\ufeff", ""))
    return tokens if _shows_something(tokens) and not _is_too_deep(tokens) else _as_typed(body)


def _shows_something(tokens: Sequence[Token]) -> bool:
    return any(
        token.type == "hr" or SEEN.search(token.content)
        for block in tokens
        for token in ((block.children or []) if block.type == "inline" else [block])
    )


def _is_too_deep(tokens: Sequence[Token]) -> bool:
    return any(token.type in CONTAINERS and token.level + 1 >= MOST_NESTED for token in tokens)


def _as_typed(body: str) -> list[Token]:
    inline = Token("inline", "", 0, children=[Token("text", "", 0, content=body)])
    return [Token("paragraph_open", "p", 1), inline, Token("paragraph_close", "p", -1)]

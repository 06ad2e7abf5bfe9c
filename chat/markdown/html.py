"""Tokens as HTML. Every element and attribute that can come out is spelled here; the page's `markdown/draw.js` makes the same."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it.token import Token

from chat.markdown.parser import parse

LANGUAGE = re.compile(r"[A-Za-z0-9+#.-]{1,20}(?![^ \t])")
ALIGN = {"text-align:left": "left", "text-align:center": "center", "text-align:right": "right"}
PLAIN = {"p", "blockquote", "ul", "li", "thead", "tbody", "tr", "em", "strong", "s"}


@lru_cache(maxsize=1024)
def render(body: str) -> SafeString:
    """The body as HTML. Its only markup is what Markdown produced."""
    return mark_safe("".join(_written(parse(body))))  # noqa: S308 (all text in it is escaped, in _written)


def _written(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.hidden:
            continue
        if token.type == "inline":
            yield from _written(token.children or [])
        elif token.type == "text":
            yield escape(token.content)
        elif token.nesting:
            yield _opened(token) if token.nesting > 0 else _closed(token)
        else:
            yield _leaf(token)


def _opened(token: Token) -> str:
    if token.tag == "table":
        return '<div class="table" tabindex="0"><table>'
    return _tag(*_element(token))


def _closed(token: Token) -> str:
    return "</table></div>" if token.tag == "table" else f"</{_element(token)[0]}>"


def _element(token: Token) -> tuple[str, dict[str, str]]:
    if token.tag in PLAIN:
        return token.tag, {}
    if token.tag == "a":
        return "a", _link({name: str(value) for name, value in token.attrs.items()})
    if token.tag == "ol":
        return "ol", {"start": str(token.attrs["start"])} if "start" in token.attrs else {}
    if token.tag in ("th", "td"):
        align = ALIGN.get(str(token.attrs.get("style")))
        return token.tag, {"class": align} if align else {}
    return "h2", {"class": token.tag}


def _link(attributes: dict[str, str]) -> dict[str, str]:
    return {**attributes, "target": "_blank", "rel": "noopener noreferrer nofollow"}


def _leaf(token: Token) -> str:
    if token.type in ("fence", "code_block"):
        language = LANGUAGE.match(token.info.strip(" \t"))
        opened = _tag("code", {"class": f"language-{language[0].lower()}"} if language else {})
        code = escape(token.content.removesuffix("\n"))
        return f'<div class="code"><pre tabindex="0">{opened}{code}</code></pre></div>'
    if token.type == "code_inline":
        return f"<code>{escape(token.content)}</code>"
    if token.type == "word":
        attributes = {name: str(value) for name, value in token.attrs.items()}
        return f"{_tag(token.tag, _link(attributes) if token.tag == 'a' else attributes)}{escape(token.content)}</{token.tag}>"
    return "<hr>" if token.type == "hr" else "\n"


def _tag(name: str, attributes: dict[str, str]) -> str:
    return f"<{name}{''.join(f' {key}={chr(34)}{escape(value)}{chr(34)}' for key, value in attributes.items())}>"

"""Links: allowed addresses (http, https, mailto), plain addresses in texts, and links that show another address than their own.

The page's `markdown/links.js` is the same, expression for expression: change both.
"""

import re
from collections.abc import Sequence

from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat.markdown.hosts import spelled

#: Not seen, or turns the direction of writing.
HIDDEN = r"\u0000-\u0008\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
BLANK = r"\u0009-\u000d\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
HOST = rf'[^{HIDDEN}{BLANK}<>"`/?#@\\]+'
PATH = rf'(?:[/?#][^{HIDDEN}{BLANK}<>"`\\]*)?'
#: No name and password before the host: they look like it.
WEB = rf"[hH][tT][tT][pP][sS]?://(?!{HOST}@){HOST}{PATH}"
MAIL = r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
ADDRESS = re.compile(rf"(?:{WEB}|[mM][aA][iI][lL][tT][oO]:{MAIL})\Z")
TYPED = re.compile(WEB)
SCHEME = re.compile(r"(?<![A-Za-z0-9])[hH][tT][tT][pP][sS]?\Z")
CLOSING = ".,;:!?'*~…。、，！？；：」』"
BRACKETS = {")": "(", "]": "["}
#: A text speaks of an address that has a scheme, or is nothing but a host; names of files look like one: `main.py`.
SAYS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[wW][wW][wW]\.|[mM][aA][iI][lL][tT][oO]:")
SAYS_HOST = re.compile(r"[^ /:]+\.([A-Za-z\u00a1-\uffff]{2,})(?:[/?#:][^ ]*)?\Z")
FILE = re.compile(
    r"(?:py|md|rs|sh|pl|js|ts|css|html|json|toml|yml|yaml|txt|java|kt|rb|php|sql|cfg|ini|xml|svg|png|pdf|csv)\Z",
    re.IGNORECASE,
)
FORM = re.compile(r"\A[hH][tT][tT][pP][sS]?://|\A[mM][aA][iI][lL][tT][oO]:|/\Z")


def is_address(url: str) -> bool:
    return ADDRESS.match(url) is not None


def trimmed(url: str, *, before: str) -> str:
    """Without what closes the sentence, a bracket that was not opened within, or the sign that stands `before` it."""
    while url and _closes(url, before):
        url = url[:-1]
    return url


def _closes(url: str, before: str) -> bool:
    last = url[-1]
    if last in BRACKETS:
        return url.count(last) > url.count(BRACKETS[last])
    return last in CLOSING or last == before == "_"


def address_rule(state: StateInline, silent: bool) -> bool:
    """An address as it is typed or pasted; before emphasis, so that its underscores are its own."""
    scheme = SCHEME.search(state.pending) if state.src[state.pos] == ":" and not state.linkLevel else None
    if scheme is None:
        return False
    length = len(scheme[0])
    start = state.pos - length
    found = TYPED.match(state.src, start)
    url = trimmed(found[0], before=state.src[start - 1 : start]) if found else ""
    if not is_address(url):
        return False
    if not silent:
        state.pending = state.pending[:-length]
        state.push("link_open", "a", 1).attrs = {"href": url}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos += len(url) - length
    return True


def with_addresses(tokens: Sequence[Token]) -> list[Token]:
    """A link that says nothing, or an address, shows its own, with its host as it can be told apart.

    One that says something else has it as title.
    """
    shown: list[Token] = []
    opening = 0
    for token in tokens:
        if token.type == "link_open":
            opening = len(shown)
        shown.append(token)
        if token.type == "link_close":
            shown[opening:] = _shown_link(*shown[opening:])
    return shown


def _shown_link(opening: Token, *rest: Token) -> list[Token]:
    said, href = "".join(token.content for token in rest), str(opening.attrs["href"])
    if not href:
        return [_text("["), *rest[:-1], _text("]()")]
    shown = spelled(href)
    says_own = _is_words(said) or (shown == href and _is_honest(said, href))
    opening.attrs = {"href": href, "title": shown} if says_own and said != href else {"href": href}
    return [opening, *(rest if says_own else (_text(shown), rest[-1]))]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


_HIDDEN, _BLANK = re.compile(f"[{HIDDEN}]+"), re.compile(f"[{BLANK}]+")


def _seen(said: str) -> str:
    return _BLANK.sub(" ", _HIDDEN.sub("", said)).strip(" ")


def _is_words(said: str) -> bool:
    """Says something, and no address."""
    seen = _seen(said)
    host = SAYS_HOST.match(seen)
    return seen != "" and not SAYS_SCHEME.search(seen) and (host is None or FILE.match(host[1]) is not None)


def _is_honest(said: str, href: str) -> bool:
    """The address is where the link goes, or a beginning of it."""
    bare, own = FORM.sub("", _seen(said)), FORM.sub("", href)
    return bare != "" and (own == bare or own.startswith((f"{bare}/", f"{bare}?", f"{bare}#")))

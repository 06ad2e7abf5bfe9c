"""The page of a refusal, for people: a single page that loads nothing else from an overloaded server."""

import base64
import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f4f5f3,#101214);"
    "color:light-dark(#1b1f1e,#e9ebec);font:16px/1.5 system-ui,sans-serif}"
    "main{box-sizing:border-box;width:min(100%,420px);padding:36px}"
    "h1{margin:0 0 12px;font-size:25px;line-height:1.25}p{margin:0 0 16px}"
    "a{display:block;padding:10px;border-radius:9px;background:light-dark(#0b6e66,#5ad1c2);"
    "color:light-dark(#fff,#08211e);font-weight:600;text-align:center;text-decoration:none}"
    "a:focus-visible{outline:2px solid;outline-offset:2px}"
)
_ONLY_THIS_STYLE = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_ONLY_THIS_STYLE}'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
_TITLES = {
    HTTPStatus.SERVICE_UNAVAILABLE: "Back in a moment",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many attempts",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That was too large",
}


def is_wanted(scope: Mapping[str, Any]) -> bool:
    """Whether a person will read the answer, not a program."""
    if scope["type"] != "http" or scope["path"].startswith("/api/"):
        return False
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])


def spell(status: HTTPStatus, detail: str, *, method: str, retry_after: int | None) -> bytes:
    """The page: what happened, what was kept, what to do. Its link leads to the same address, after a form to the first page."""
    title = _TITLES.get(status, "The request could not be read")
    what_now = "Go back, and try it again."
    if retry_after is not None:
        what_now = f"Try again in {retry_after} s." if retry_after > 1 else "Try again in a moment."
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title} · Gapless</title><style>{_STYLE}</style><main><h1>{title}</h1><p>{detail}</p>"
        "<p>Nothing was changed. Every message that was marked as sent is stored; what you had not sent is kept in "
        f'your browser. {what_now}</p><a href="{"" if method == "GET" else "/"}">Try again</a></main></html>'
    ).encode()

"""Understands the usual handshake of a WebSocket, from a head that was read already.

Unusual handshakes are left to websockets, which reads the head again and says what is wrong with it (RFC 6455, 4.2).
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

#: RFC 6455, 1.3.
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY_BYTES = 16
VERSION = b"13"
#: Headers that must be there exactly once, else websockets judges.
_ONCE = (b"connection", b"upgrade", b"sec-websocket-key", b"sec-websocket-version")
#: Headers that must be missing: those of a body.
_NEVER = (b"content-length", b"transfer-encoding")

Pairs = Sequence[tuple[bytes, bytes]]


def accepts(method: str, url: bytes, headers: Pairs) -> bytes | None:
    """The value of Sec-WebSocket-Accept; None for an unusual handshake."""
    names = [name for name, _ in headers]
    known = dict(headers)
    is_usual = (
        method == "GET"
        and url.isascii()
        and all(names.count(name) == 1 for name in _ONCE)
        and known.keys().isdisjoint(_NEVER)
        and names.count(b"origin") <= 1
        and known[b"upgrade"].lower() == b"websocket"
        and b"upgrade" in [token.strip().lower() for token in known[b"connection"].split(b",")]
        and known[b"sec-websocket-version"] == VERSION
    )
    return _answer(known[b"sec-websocket-key"]) if is_usual else None


def scope_of(asked: Mapping[str, Any], url: bytes, extensions: Mapping[str, Any]) -> dict[str, Any]:
    """The scope for the application. `asked`: the scope of an HTTP request for this URL."""
    raw_path, _, query = url.partition(b"?")
    root = asked["root_path"]
    return {
        "type": "websocket",
        "asgi": {"version": asked["asgi"]["version"], "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "wss" if asked["scheme"] == "https" else "ws",
        "server": asked["server"],
        "client": asked["client"],
        "root_path": root,
        "path": root + unquote(raw_path.decode("ascii")),
        "raw_path": root.encode() + raw_path,
        "query_string": query,
        "headers": asked["headers"],
        "subprotocols": _offered(asked["headers"]),
        "state": asked["state"],
        "extensions": {"websocket.http.response": {}, **extensions},
    }


def spelled(accept: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The answer that accepts the handshake, as bytes."""
    lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
    lines.append(b"Sec-WebSocket-Accept: " + accept)
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"", b""])


def _offered(headers: Pairs) -> list[str]:
    values = [value.decode("latin-1") for name, value in headers if name == b"sec-websocket-protocol"]
    return [token.strip() for value in values for token in value.split(",")]


def _answer(key: bytes) -> bytes | None:
    try:
        is_key = len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except binascii.Error:
        return None
    return base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest()) if is_key else None

"""Handshakes that are understood from the head alone: only those that websockets would answer alike."""

import pytest
from websockets.http11 import Request
from websockets.server import ServerProtocol

from chatproject.serving import handshakes

KEY = b"MDEyMzQ1Njc4OWFiY2RlZg=="
USUAL = {
    b"host": b"here",
    b"connection": b"Upgrade",
    b"upgrade": b"websocket",
    b"sec-websocket-key": KEY,
    b"sec-websocket-version": b"13",
}
BROWSERS = {
    **USUAL,
    b"connection": b"keep-alive, Upgrade",
    b"pragma": b"no-cache",
    b"origin": b"http://here",
    b"sec-websocket-extensions": b"permessage-deflate; client_max_window_bits",
    b"sec-websocket-protocol": b"gapless.v1, gapless.visit.secret",
}
OTHERWISE: list[tuple[bytes, bytes | None]] = [
    (b"connection", None),
    (b"connection", b"close"),
    (b"connection", b"upgraded"),
    (b"upgrade", None),
    (b"upgrade", b"h2c"),
    (b"upgrade", b"websocket, h2c"),
    (b"sec-websocket-key", None),
    (b"sec-websocket-key", b"short"),
    (b"sec-websocket-key", b"MDEy*MzQ1Njc4OWFiY2RlZg=="),
    (b"sec-websocket-key", b"MDEyMzQ1Njc4OWFiY2Rl"),
    (b"sec-websocket-key", b"MDEyMzQ1Njc4OWFiY2RlZg"),
    (b"sec-websocket-version", None),
    (b"sec-websocket-version", b"8"),
    (b"content-length", b"5"),
    (b"transfer-encoding", b"chunked"),
]
Pairs = list[tuple[bytes, bytes]]


def said_by_websockets(method: str, url: bytes, headers: Pairs) -> tuple[int | None, str | None]:
    conn = ServerProtocol()
    lines = [method.encode() + b" " + url + b" HTTP/1.1", *(name + b": " + value for name, value in headers)]
    conn.receive_data(b"\r\n".join([*lines, b"", b""]))
    for request in conn.events_received():
        assert isinstance(request, Request)
        answer = conn.accept(request)
        return answer.status_code, answer.headers.get("Sec-WebSocket-Accept")
    return None, None


@pytest.mark.parametrize("usual", [USUAL, BROWSERS], ids=["program", "browser"])
def test_a_usual_handshake_is_answered_as_websockets_answers_it(usual: dict[bytes, bytes]) -> None:
    headers = list(usual.items())
    accept = handshakes.accepts("GET", b"/ws/?a=b", headers)
    assert accept is not None
    assert said_by_websockets("GET", b"/ws/?a=b", headers) == (101, accept.decode())
    said = handshakes.spelled(accept, [(b"date", b"now")]).split(b"\r\n")
    assert said[0] == b"HTTP/1.1 101 Switching Protocols"
    assert b"Sec-WebSocket-Accept: " + accept in said
    assert said[-2:] == [b"", b""]


@pytest.mark.parametrize(("name", "value"), OTHERWISE)
def test_a_handshake_that_is_otherwise_is_left_to_websockets(name: bytes, value: bytes | None) -> None:
    headers = {**USUAL, name: value}
    spelled = [(name, value) for name, value in headers.items() if value is not None]
    assert handshakes.accepts("GET", b"/ws/", spelled) is None
    assert said_by_websockets("GET", b"/ws/", spelled)[0] != 101


@pytest.mark.parametrize("name", [b"connection", b"upgrade", b"sec-websocket-key", b"sec-websocket-version", b"origin"])
def test_what_is_said_twice_is_left_to_websockets(name: bytes) -> None:
    headers = [*BROWSERS.items(), (name, BROWSERS[name])]
    assert handshakes.accepts("GET", b"/ws/", headers) is None


def test_other_methods_and_paths_that_are_not_ascii_are_left_to_websockets() -> None:
    assert handshakes.accepts("POST", b"/ws/", list(USUAL.items())) is None
    assert handshakes.accepts("GET", "/wß/".encode(), list(USUAL.items())) is None


def test_the_application_is_told_the_same_as_of_a_request() -> None:
    asked = {
        "asgi": {"version": "3.0"},
        "root_path": "/here",
        "scheme": "https",
        "server": ("::1", 9000),
        "client": ("::1", 1),
        "headers": list(BROWSERS.items()),
        "state": {},
    }
    scope = handshakes.scope_of(asked, b"/w%20s/?a=%20b", {})
    told = ("type", "scheme", "path", "raw_path", "query_string", "subprotocols")
    assert [scope[name] for name in told] == [
        *("websocket", "wss", "/here/w s/", b"/here/w%20s/", b"a=%20b"),
        ["gapless.v1", "gapless.visit.secret"],
    ]

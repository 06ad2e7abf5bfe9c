"""Bad input gets a clear error with a code, nothing is lost, and the socket stays."""

import json
import uuid
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from chat.models import Message
from tests.conftest import Cast, in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect
from tests.stage.sockets import push

KEY = "0b7e2a52-0f0e-4d9c-9d55-5d3f6b2a9a10"


def post(channel: object, **changes: object) -> dict[str, object]:
    return {"op": "message.post", "ref": 7, "channel": channel, "client_msg_id": KEY, "body": "hello", **changes}


async def answer(connection: Listening) -> dict[str, Any]:
    frame = await connection.pushes.get()
    while frame["op"] != "error":
        frame = await connection.pushes.get()
    return frame


COMMANDS = [
    ("unknown channel", lambda c: post(10**9), "not_found", 7),
    ("empty", lambda c: post(c, body=""), "empty", 7),
    ("white space", lambda c: post(c, body=" \n\t"), "empty", 7),
    ("2,049 bytes", lambda c: post(c, body="x" * 2049), "too_long", 7),
    ("683 three-byte characters", lambda c: post(c, body="€" * 683), "too_long", 7),
    ("NUL", lambda c: post(c, body="a\x00b"), "invalid", 7),
    (
        "lone surrogate",
        lambda c: json.dumps(post(c, body="\ud800")),
        "invalid",
        7,
    ),
    ("channel as a string", lambda c: post(str(c)), "invalid", 7),
    ("channel as a float", lambda c: post(float(c)), "invalid", 7),
    ("channel below zero", lambda c: post(-1), "invalid", 7),
    (
        "channel of 5,000 digits",
        lambda c: json.dumps(post("DIGITS")).replace('"DIGITS"', "9" * 5000),
        "invalid",
        None,
    ),
    ("channel above 63 bits", lambda c: post(2**63), "invalid", 7),
    ("body as a number", lambda c: post(c, body=5), "invalid", 7),
    ("body missing", lambda c: {"op": "message.post", "ref": 7, "channel": c, "client_msg_id": KEY}, "invalid", 7),
    ("no UUID", lambda c: post(c, client_msg_id="1"), "invalid", 7),
    ("unknown field", lambda c: post(c, colour="red"), "invalid", 7),
    ("unknown op", lambda c: {"op": "message.shout", "ref": 7}, "unknown_op", 7),
    ("op as a number", lambda c: {"op": 5, "ref": 7}, "invalid", 7),
    ("no op", lambda c: {"ref": 7}, "invalid", 7),
    ("ref as a list", lambda c: {"op": "ping", "ref": []}, "invalid", None),
    ("ref as true", lambda c: {"op": "ping", "ref": True}, "invalid", None),
    ("a list", lambda c: [], "invalid", None),
    ("a number", lambda c: 5, "invalid", None),
    ("null", lambda c: None, "invalid", None),
    ("nothing", lambda c: "", "invalid", None),
    ("no JSON", lambda c: "{", "invalid", None),
    ("NaN", lambda c: '{"op":"ping","ref":NaN}', "invalid", None),
    ("deep JSON", lambda c: "[" * 8000, "invalid", None),
    ("deep JSON in an object", lambda c: '{"op":' + '{"a":' * 2000 + "1" + "}" * 2000 + "}", "invalid", None),
    ("binary", lambda c: b'{"op":"ping"}', "invalid", None),
    ("an answer to nothing", lambda c: post(c, reply_to=10**9), "not_found", 7),
    (
        "edit nothing",
        lambda c: {"op": "message.edit", "ref": 7, "channel": c, "message": 10**9, "body": "x"},
        "not_found",
        7,
    ),
    ("delete nothing", lambda c: {"op": "message.delete", "ref": 7, "channel": c, "message": 10**9}, "not_found", 7),
    ("read elsewhere", lambda c: {"op": "read", "ref": 7, "channel": 10**9, "seq": 1}, "not_found", 7),
    ("sync of no number", lambda c: {"op": "sync", "ref": 7, "channels": {"a": 1}}, "invalid", 7),
]


@pytest.mark.parametrize(("frame", "code", "ref"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS])
async def test_the_error_has_a_code_and_the_socket_stays(
    server: Server, cast: Cast, frame: Any, code: str, ref: int | None
) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        await alice.send(frame(cast.team.pk))
        error = await answer(alice)
        assert (error["code"], error.get("ref")) == (code, ref)
        assert error["detail"]
        ok = await alice.post(cast.team.pk, "still here", client_msg_id=str(uuid.uuid4()))
        assert ok["message"]["body"] == "still here"
    assert await in_thread(Message.objects.filter(kind="text").count) == 1


@pytest.mark.holds("message_bytes")
async def test_a_body_of_2048_bytes_is_taken(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        for body in ("x" * 2048, "é" * 1024, "\x01" * 2048):
            assert (await alice.post(cast.team.pk, body))["message"]["body"] == body


@pytest.mark.parametrize(
    "body", ["<script>alert(1)</script>", "‮dlrow", "ä" * 5 + "\u0301" * 50, "👩‍👩‍👧‍👦", "\u200b\u200bx", "a\r\nb"]
)
async def test_bodies_come_back_as_they_went(server: Server, cast: Cast, body: str) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        assert (await alice.post(cast.team.pk, body))["message"]["body"] == body


@pytest.mark.holds("bad_frames_per_minute")
@pytest.mark.parametrize(("bad", "stays"), [(19, True), (20, False)])
async def test_twenty_bad_frames_in_a_minute_end_the_socket(server: Server, cast: Cast, bad: int, stays: bool) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        for _ in range(bad):
            await alice.send("{")
        if stays:
            for _ in range(bad):
                assert (await answer(alice))["code"] == "invalid"
            await alice.command("ping")
        else:
            assert (await alice.wait_closed())[0] == 4502


@pytest.mark.holds("frame_bytes")
@pytest.mark.parametrize(("size", "code"), [(16 * 1024, None), (16 * 1024 + 1, 1009)])
async def test_a_frame_has_at_most_16_kib(server: Server, cast: Cast, size: int, code: int | None) -> None:
    async with server.connect(cast.token(cast.alice)) as alice:
        start = '{"op":"ping","ref":"'
        await alice.send(start + "x" * (size - len(start) - 2) + '"}')
        if code is None:
            assert len(str((await push(alice, "pong"))["ref"])) == size - len(start) - 2
        else:
            assert (await alice.wait_closed())[0] == code


async def test_invalid_utf8_ends_the_socket_as_the_rfc_says(server: Server, cast: Cast) -> None:
    async with connect(server.ws, additional_headers={"Authorization": f"Bearer {cast.token(cast.alice)}"}) as socket:
        await socket.recv()
        async with socket.send_context():
            socket.protocol.send_text(b"\xff\xfe")
        await socket.wait_closed()
        assert socket.close_code == 1007


async def test_the_registry_returns_to_its_size(own_server: Any, cast: Cast) -> None:
    server = own_server(arguments=("serve", "--workers", "1"))
    for frame in ("{", "[" * 8000, b"\x00", "x" * 20_000, '{"op":"sync","channels":{"1":5}}'):
        connection = await server.connect(cast.token(cast.alice)).__aenter__()
        assert httpx.get(f"{server.url}/readyz").json()["sockets"] >= 1
        await connection.send(frame)
        await connection.drop()

    await expect(lambda: httpx.get(f"{server.url}/readyz").json()["sockets"] == 0)
    assert "Traceback" not in server.log.read_text()

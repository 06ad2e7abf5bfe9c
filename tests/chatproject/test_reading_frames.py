"""Frames read from a socket: the same however they arrive, and no faster than the reader."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode, apply_mask  # type: ignore[attr-defined]  # C where there is C

from chatproject.serving.websocket_protocol import PeerProtocol
from tests.stage.memory_websockets import HANDSHAKE, MemoryWebSocket
from tests.stage.servers import EXPECT_SECONDS

MOST = 1000


def sent(text: bytes, *, opcode: Opcode = Opcode.TEXT, fin: bool = True) -> bytes:
    return Frame(opcode, text, fin).serialize(mask=True)


class Reader:
    """An application that reads when it is told to."""

    def __init__(self) -> None:
        self.line, self.state = MemoryWebSocket(), ServerState()
        self.heard: list[object] = []
        self._may_read = asyncio.Semaphore(0)
        config = uvicorn.Config(
            self._read,
            interface="asgi3",
            lifespan="off",
            ws=PeerProtocol,
            ws_per_message_deflate=False,
            ws_max_size=MOST,
            log_config=None,
        )
        config.load()
        self.socket = PeerProtocol(config, self.state, {})

    async def come_in(self) -> None:
        self.socket.connection_made(self.line)  # type: ignore[arg-type]
        self.socket.data_received(HANDSHAKE)
        await self.read(0)

    async def read(self, count: int) -> None:
        for _ in range(count):
            self._may_read.release()
        for _ in range(4 + 2 * count):
            await asyncio.sleep(0)

    async def _read(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            await self._may_read.acquire()
            event = await receive()
            self.heard.append(event.get("text", event.get("code")))
            if event["type"] == "websocket.disconnect":
                return


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    found = Reader()
    await found.come_in()
    yield found
    found.socket.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
    await found.read(20)
    await asyncio.wait_for(asyncio.gather(*found.state.tasks), EXPECT_SECONDS)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 300, MOST])
async def test_a_frame_is_the_same_whole_and_in_pieces(reader: Reader, length: int) -> None:
    said = "é" * (length // 2) + "x" * (length % 2)
    frame = sent(said.encode())
    for cuts in ((), (1,), (2,), (5,), (7,), (len(frame) - 1,)):
        for begin, end in itertools.pairwise((0, *cuts, len(frame))):
            reader.socket.data_received(frame[begin:end])
        await reader.read(1)
    assert reader.heard == [said] * 6


async def test_text_is_offered_first_only_while_the_reader_waits_for_it(reader: Reader) -> None:
    offered: list[str] = []

    def takes(text: str) -> dict[str, Any] | None:
        offered.append(text)
        return None if text.startswith("done") else {"type": "websocket.receive", "text": text, "more": True}

    reader.socket.offer_text(takes)
    reader.socket.data_received(sent(b"busy"))
    await reader.read(2)
    for text in (b"done at once", b"left", b"behind it", b"done in its turn"):
        reader.socket.data_received(sent(text))
    await reader.read(2)
    reader.socket.data_received(sent(b"done when it is read"))
    assert offered == ["done at once", "left"]
    assert reader.heard == ["busy", "left", "behind it", "done in its turn"]
    reader.socket.offer_text(None)
    await reader.read(1)
    reader.socket.data_received(sent(b"no more offers"))
    await reader.read(0)
    assert offered == ["done at once", "left"]


async def test_frames_that_come_together_are_taken_one_by_one(reader: Reader) -> None:
    last = sent(b"c")
    reader.socket.data_received(sent(b"a") + sent(b"", opcode=Opcode.PING) + sent(b"b") + last[:3])
    reader.socket.data_received(last[3:])
    await reader.read(3)
    assert reader.heard == ["a", "b", "c"]
    assert reader.line.written.endswith(b"\x8a\x00")


async def test_a_payload_that_comes_by_itself_is_no_frame_however_it_looks(reader: Reader) -> None:
    looks_like = b"\x81\x84\x00\x00\x80\x80" + apply_mask(b"fake", b"\x00\x00\x80\x80")
    mask = b"\x80\x80\x00\x00"
    for piece in (bytes([0x81, 0x80 + len(looks_like)]) + mask, looks_like, sent(b"next")):
        reader.socket.data_received(piece)
    await reader.read(2)
    assert reader.heard == [apply_mask(looks_like, mask).decode(), "next"]


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([sent(b"a", fin=False), sent(b"b")], 1002),
        ([sent(b"\xff")], 1007),
        ([sent(b"x" * (MOST + 1))], 1009),
        ([Frame(Opcode.TEXT, b"not masked").serialize(mask=False)], 1002),
    ],
)
async def test_what_is_no_frame_ends_the_socket(reader: Reader, pieces: list[bytes], code: int) -> None:
    for piece in pieces:
        reader.socket.data_received(piece)
    await reader.read(1)
    assert reader.heard == [code]


async def test_nothing_more_is_read_while_something_waits(reader: Reader) -> None:
    await reader.read(1)
    for _ in range(3):
        # The reader waits: what comes is its own at once.
        reader.socket.data_received(sent(b"a"))
        assert reader.line.is_read
        await reader.read(1)
    reader.socket.data_received(sent(b"b"))
    await reader.read(0)
    reader.socket.data_received(sent(b"c"))
    assert not reader.line.is_read
    await reader.read(1)
    assert reader.line.is_read
    assert reader.heard == ["a", "a", "a", "b", "c"]

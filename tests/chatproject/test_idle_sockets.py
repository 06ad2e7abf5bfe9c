"""The memory of an idle socket: little, because there are thousands."""

import asyncio
import gc
import socket
import weakref
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from chatproject.serving.http_protocol import PatientHttpProtocol
from chatproject.serving.socket_queue import Gate, SocketQueue
from chatproject.serving.websocket_protocol import PeerProtocol
from tests.stage.memory_websockets import HANDSHAKE, MemoryWebSocket
from tests.stage.servers import EXPECT_SECONDS


async def test_an_open_socket_has_forgotten_its_handshake() -> None:
    scopes: list[Any] = []
    accepted = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        assert (b"Authorization", b"Bearer secret") in scope["headers"]
        await send({"type": "websocket.accept"})
        scopes.append(scope)
        accepted.set()
        await receive()

    config = uvicorn.Config(application, lifespan="off", ws=PeerProtocol, ws_per_message_deflate=False, log_config=None)
    config.load()
    state, line = ServerState(), MemoryWebSocket()
    socket = PeerProtocol(config, state, {})
    socket.connection_made(line)  # type: ignore[arg-type]
    socket.data_received(HANDSHAKE)
    await asyncio.wait_for(accepted.wait(), EXPECT_SECONDS)
    assert line.written.startswith(b"HTTP/1.1 101 ")
    assert scopes == [{}]
    assert not hasattr(socket, "request")
    # A dictionary of its own for each would be more than all that is in it.
    assert vars(socket) == {}
    socket.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
    await asyncio.wait_for(asyncio.gather(*state.tasks), EXPECT_SECONDS)


async def test_what_a_socket_has_left_behind_is_gone_at_once() -> None:
    came, ended = asyncio.Event(), asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scope["extensions"]["peer"] = scope
        await receive()
        await send({"type": "websocket.accept"})
        came.set()
        assert (await receive())["type"] == "websocket.disconnect"
        ended.set()

    config = uvicorn.Config(application, lifespan="off", ws=PeerProtocol, ws_per_message_deflate=False, log_config=None)
    config.load()
    line, state = MemoryWebSocket(), ServerState()
    with socket.socket() as opened:
        line.get_extra_info = lambda name: opened if name == "socket" else None  # type: ignore[method-assign]
        asked = PatientHttpProtocol(config, state, {})
        asked.connection_made(line)  # type: ignore[arg-type]
        gc.disable()
        try:
            asked.data_received(HANDSHAKE)
            await asyncio.wait_for(came.wait(), EXPECT_SECONDS)
            left = [weakref.ref(asked), weakref.ref(line.protocol)]
            del asked
            assert left[0]() is None
            line.protocol.connection_lost(ConnectionError())
            await asyncio.wait_for(ended.wait(), EXPECT_SECONDS)
            await asyncio.sleep(0)
            line.protocol = None
            assert left[1]() is None
        finally:
            gc.enable()


async def test_an_inbox_gives_what_came_in_its_order_also_after_a_reader_gave_up() -> None:
    inbox = SocketQueue()
    reading = asyncio.ensure_future(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait("first")
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    inbox.put_nowait("second")
    assert [await inbox.get(), await inbox.get(), inbox.empty()] == ["first", "second", True]
    reading = asyncio.ensure_future(inbox.get())
    await asyncio.sleep(0)
    inbox.put_nowait("third")
    assert await reading == "third"


async def test_a_gate_lets_all_through_when_it_opens_and_nobody_while_it_is_closed() -> None:
    gate = Gate()
    await gate.wait()
    gate.clear()
    passing = [asyncio.ensure_future(gate.wait()) for _ in range(3)]
    passing.pop().cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not any(each.done() for each in passing)
    gate.set()
    await asyncio.gather(*passing)

"""Objects loaded before serving are excluded from garbage collection; later objects are not."""

import gc
import socket
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from chatproject.serving.serve import DrainingServer


class Cycle:
    """Needs itself, so that only a search finds that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


async def _answer(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("nobody asks")


@pytest.fixture
async def listener() -> AsyncIterator[socket.socket]:
    gc.unfreeze()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
    gc.unfreeze()


async def _began_to_serve(listener: socket.socket) -> DrainingServer:
    server = DrainingServer(
        uvicorn.Config(_answer, lifespan="off", log_config=None),
        listener,
        drain_seconds=5,
        on_up=lambda: None,
        say_alive=lambda: None,
        succeed=None,
    )
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup([listener.dup()])
    return server


async def test_what_was_loaded_is_passed_over_when_garbage_is_looked_for(listener: socket.socket) -> None:
    loaded, left_behind = Cycle(), weakref.ref(Cycle())
    server = await _began_to_serve(listener)
    assert left_behind() is None
    assert not any(one is loaded for one in gc.get_objects())
    await server.shutdown()


async def test_a_ring_that_comes_up_later_is_found(listener: socket.socket) -> None:
    server = await _began_to_serve(listener)
    later = weakref.ref(Cycle())
    assert later() is not None
    gc.collect()
    assert later() is None
    await server.shutdown()

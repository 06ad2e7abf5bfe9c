"""Nodes that get only the announcements that a test gives them, with sockets of people."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.conf import settings

from chat import prepared_sql, services, shapes
from chat.live.source import ChatSource
from chat.models import Message
from chat.reads.opening import ChatOpening, by_token
from delivery.bus.announcements import Changed
from delivery.live.socket import Socket
from delivery.node import Node
from tests.conftest import Cast, in_thread
from tests.stage.listeners import Listener


@pytest.fixture
async def node(transactional_db: None) -> AsyncIterator[Node]:
    """A node that hears no announcements but those that the test hands it."""
    node = Node(ChatSource(), settings.LIMITS, database_threads=4)
    yield node
    await node.nursery.end()
    node.close_threads()


@pytest.fixture
def follow(node: Node) -> Callable[..., Any]:
    async def follow(cast: Cast, user: Any) -> Listener:
        listener = Listener()
        socket = await come_in(node, user, listener, most_bytes=1000)
        await node.catching_up.sync(socket, dict.fromkeys(socket.accesses, 0))
        socket.is_synced = True
        return listener

    return follow


async def greeted(node: Node, user: Any) -> tuple[Socket, Listener]:
    """A socket to which hello was said, and that has not synced yet."""
    listener = Listener()
    return await come_in(node, user, listener), listener


async def come_in(
    node: Node, user: Any, listener: Listener, *, soft_bytes: int = 64, most_bytes: int = 10**6, most_frames: int = 10
) -> Socket:
    """A socket of this listener, to which hello was said."""
    learn = node.learning()
    opening = await in_thread(opening_by, await in_thread(services.create_token, user, name="device"))
    socket = Socket(opening.login, listener, soft_bytes=soft_bytes, most_bytes=most_bytes, most_frames=most_frames)
    await node.greet(socket, opening, learn)
    socket.is_greeted = True
    return socket


def opening_by(secret: str) -> ChatOpening:
    found = prepared_sql.run_reading(by_token(secret))
    assert found is not None
    return found.opening()


def announcements(cast: Cast, *, above: int) -> list[Changed]:
    rows = Message.objects.filter(channel=cast.team).changed_since(above).for_the_wire()
    return [
        Changed(channel_id=cast.team.pk, after=row.rev - 1, head=row.rev, changes=[shapes.change_of(row)])
        for row in rows
    ]

"""Nodes that hear no announcements but those that a test hands them, and people at them."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.conf import settings

from chat import shapes
from chat.live.source import ChatSource
from chat.models import Message
from delivery.bus.announcements import Changed
from delivery.live.socket import Socket
from delivery.node import Node
from delivery.source import Login
from tests.conftest import Cast
from tests.stage.listeners import Listener


@pytest.fixture
async def node(transactional_db: None) -> AsyncIterator[Node]:
    """A node that hears no announcements but those that the test hands it."""
    node = Node(ChatSource(), settings.LIMITS, database_threads=4)
    yield node
    node.close_threads()


@pytest.fixture
def follow(node: Node) -> Callable[..., Any]:
    async def follow(cast: Cast, user: Any) -> Listener:
        listener = Listener()
        socket = Socket(
            Login(user=shapes.person_of(user), proof=("token", "")),
            listener,
            soft_bytes=64,
            most_bytes=1000,
            most_frames=10,
        )
        await node.greet(socket)
        socket.is_greeted = True
        await node.joining.sync(socket, dict.fromkeys(socket.accesses, 0))
        socket.is_synced = True
        return listener

    return follow


async def greeted(node: Node, user: Any) -> tuple[Socket, Listener]:
    """A socket to which hello was said, and that has not synced yet."""
    listener = Listener()
    login = Login(user=shapes.person_of(user), proof=("token", ""))
    socket = Socket(login, listener, soft_bytes=64, most_bytes=10**6, most_frames=10)
    await node.greet(socket)
    socket.is_greeted = True
    return socket, listener


def announcements(cast: Cast, *, above: int) -> list[Changed]:
    rows = Message.objects.filter(channel=cast.team).changed_since(above).for_the_wire()
    return [
        Changed(channel_id=cast.team.pk, after=row.rev - 1, head=row.rev, changes=[shapes.change_of(row)])
        for row in rows
    ]

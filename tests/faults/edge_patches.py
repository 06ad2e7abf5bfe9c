"""Broken builds at the edges: doors, clocks, presence, memory, and services that are waited for; as in patches.py."""

import asyncio
import dataclasses
import os
from typing import Any


def no_goodbye() -> None:
    """SIGTERM ends the process as it stands: nothing is flushed, nobody is told."""
    from delivery.node import Node  # noqa: PLC0415

    async def drain(self: Any, **_: Any) -> None:
        os._exit(0)

    Node.drain = drain  # type: ignore[method-assign]


def trusts_the_clock() -> None:
    """The time of day is the machine's, not PostgreSQL's, and what carries a time of the future is not read yet."""
    from django.utils import timezone  # noqa: PLC0415

    from chat import clock  # noqa: PLC0415
    from chat.live import source  # noqa: PLC0415

    clock._now_at_postgresql = lambda: timezone.now()
    reads: Any = source
    since = reads.changed_since
    reads.changed_since = lambda channel, rev, *, limit: [
        row for row in since(channel, rev, limit=limit) if row.created_at <= clock.now()
    ]


def ghosts_stay() -> None:
    """A user who was here once is shown as here for an hour."""
    from django.conf import settings  # noqa: PLC0415

    settings.LIMITS = dataclasses.replace(settings.LIMITS, present_seconds=3600)


def keeps_everything() -> None:
    """Every frame that was ever encoded is kept, and a task for it."""
    from delivery.live import peers  # noqa: PLC0415

    kept: list[Any] = []
    begin = peers.Prepared.__init__

    def keeping_begin(self: Any, *arguments: Any, **fields: Any) -> None:
        begin(self, *arguments, **fields)
        kept.append((bytes(2_000), asyncio.ensure_future(asyncio.Event().wait())))

    peers.Prepared.__init__ = keeping_begin  # type: ignore[method-assign]


def places_at_a_strangers_pace() -> None:
    """A request has its place from its head on, and its body may take for ever."""
    from chatproject.serving.bounds import Bounded, _line  # noqa: PLC0415

    async def work(self: Any, scope: Any, receive: Any, send: Any) -> None:
        leave = await self._places.take(_line(scope))
        try:
            await self._application(scope, receive, send)
        finally:
            leave()

    Bounded.__call__ = work  # type: ignore[method-assign]


def heads_without_bounds() -> None:
    """A head may be as large, and take as long, as its sender likes."""
    from django.conf import settings  # noqa: PLC0415

    settings.LIMITS = dataclasses.replace(settings.LIMITS, head_bytes=2**40, head_seconds=3600)


def handshakes_unanswered() -> None:
    """What is wrong with a handshake is looked for in its frames only."""
    from chatproject.serving.websocket_protocol import PeerProtocol  # noqa: PLC0415

    PeerProtocol._refuse_what_is_no_handshake = lambda self: None  # type: ignore[method-assign]


def no_descriptor_kept() -> None:
    """Connections are taken until there is no descriptor left."""
    from chatproject.serving.descriptors import Reserve  # noqa: PLC0415

    Reserve.is_left = lambda self, descriptor: True  # type: ignore[method-assign]


def waits_for_redis() -> None:
    """A message is taken only after a word from Redis, however long that takes."""
    from django.conf import settings  # noqa: PLC0415
    from redis import asyncio as aioredis  # noqa: PLC0415

    from chat.live.node import ChatNode  # noqa: PLC0415

    post = ChatNode.post

    async def waiting_post(self: Any, draft: Any) -> Any:
        async with aioredis.Redis.from_url(settings.REDIS_URL, socket_timeout=8) as redis:
            try:
                await redis.ping()
            except (aioredis.RedisError, OSError):
                await asyncio.sleep(2)
        return await post(self, draft)

    ChatNode.post = waiting_post  # type: ignore[method-assign]


def waits_for_postgres() -> None:
    """A commit takes as long as it takes."""
    from delivery.commit.committer import Committer  # noqa: PLC0415
    from delivery.service_errors import DATABASE_AWAY  # noqa: PLC0415

    async def commit(self: Any, drafts: Any) -> Any:
        while True:
            try:
                return await self._threads.run(self._source.commit, drafts)
            except DATABASE_AWAY:
                await asyncio.sleep(1)

    Committer.commit = commit  # type: ignore[method-assign]

"""Many groups of the channel layer at once: a command for each would cost more than all else that a coming socket asks of Redis.

Leans on the insides of channels_redis, whose own door takes one group at a time, and of redis-py.
"""

import asyncio
import functools
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from channels_redis.utils import create_pool
from redis._parsers.hiredis import NOT_ENOUGH_DATA

from delivery.redis.shared import SharedRedis
from delivery.tasks import Nursery

logger = logging.getLogger("gapless.bus")

#: More groups take several commands: Redis does nothing else during one command.
GROUPS_A_COMMAND = 500
#: How long to wait for the first message after connecting, before checking again whether a subscription exists; seconds.
READ_SECONDS = 30.0
#: What redis-py keeps count of.
SUBSCRIBING = (b"subscribe", b"unsubscribe")
#: Seconds between two looks at a shard without subscriptions.
SUBSCRIBED_SECONDS = 0.1


def hear(layer: Any, nursery: Nursery) -> None:
    """Starts reading the subscriptions of each shard. Repeating does nothing; after a flush of the layer call it again."""
    for shard in layer._get_layer()._shards:
        shard._ensure_redis = functools.partial(_ensure_redis, shard)
        if shard._receive_task is None:
            shard._receive_task = nursery.keep(_read, shard)


def leave_out(layer: Any, channel: str, beginning: bytes) -> None:
    """Drops, from now on, what comes to this channel with these bytes after its first one, before it is decoded."""
    layer._get_layer().channels[channel] = _Others(beginning)


class _Others(asyncio.Queue[bytes]):
    def __init__(self, left_out: bytes) -> None:
        super().__init__()
        self._left_out = left_out

    def put_nowait(self, data: bytes) -> None:
        if not data.startswith(self._left_out, 1):
            super().put_nowait(data)


async def join(layer: Any, groups: Sequence[str], channel: str) -> None:
    """The layer's group_add for all these groups. Raises errors of Redis. Repeating does no harm."""
    pubsub = layer._get_layer()
    if channel not in pubsub.channels:
        raise RuntimeError("the layer was flushed: it knows this channel no more")
    for group in groups:
        pubsub.groups.setdefault(pubsub._get_group_channel_name(group), set()).add(channel)
    for shard, names in _by_shard(pubsub, groups).items():
        async with shard._lock:
            new = [name for name in names if name not in shard._subscribed_to]
            if new:
                shard._ensure_redis()
                shard._ensure_receiver()
                await shard._pubsub.subscribe(*new)
                shard._subscribed_to.update(new)


async def leave(layer: Any, groups: Sequence[str], channel: str) -> None:
    """The layer's group_discard for all these groups."""
    pubsub = layer._get_layer()
    emptied = []
    for group in groups:
        name = pubsub._get_group_channel_name(group)
        members = pubsub.groups.get(name, set())
        members.discard(channel)
        if not members and pubsub.groups.pop(name, None) is not None:
            emptied.append(group)
    for shard, names in _by_shard(pubsub, emptied).items():
        async with shard._lock:
            old = [name for name in names if name in shard._subscribed_to]
            if old:
                shard._ensure_redis()
                shard._ensure_receiver()
                await shard._pubsub.unsubscribe(*old)
                shard._subscribed_to.difference_update(old)


def _ensure_redis(shard: Any) -> None:
    if shard._redis is None:
        shard._redis = SharedRedis(connection_pool=create_pool(shard.host))
        shard._pubsub = shard._redis.pubsub()


async def _read(shard: Any) -> None:
    while True:
        try:
            if shard._pubsub and shard._pubsub.subscribed:
                shard._receive_message(await _next(shard._pubsub))
            else:
                await asyncio.sleep(SUBSCRIBED_SECONDS)
        except Exception as error:
            logger.warning("Redis carries no announcements: %r", error, extra={"away": "Redis"})
            await asyncio.sleep(1)


async def _next(pubsub: Any) -> dict[str, Any] | None:
    """A message, or None for anything else. Around each redis-py has timers, tries and a line for the log: not for these."""
    connection = pubsub.connection
    if connection is None or not connection.is_connected:
        # It connects, and subscribes to everything again.
        return await pubsub.get_message(ignore_subscribe_messages=True, timeout=READ_SECONDS)
    try:
        while (said := connection._parser._reader.gets()) is NOT_ENOUGH_DATA:
            await connection._parser.read_from_socket()
    except Exception:
        await connection.disconnect(nowait=True)
        raise
    if isinstance(said, Exception):
        raise said
    if said[0] == b"message":
        return {"channel": said[1], "data": said[2]}
    if said[0] in SUBSCRIBING:
        await pubsub.handle_message(said, ignore_subscribe_messages=True)
    return None


def _by_shard(pubsub: Any, groups: Iterable[str]) -> dict[Any, list[str]]:
    names: dict[Any, list[str]] = defaultdict(list)
    for group in groups:
        name = pubsub._get_group_channel_name(group)
        names[pubsub._get_shard(name)].append(name)
    return names

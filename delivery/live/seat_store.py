"""Counts the sockets of each user and channel: in Redis for all processes; without Redis in each process by itself.

A user's first socket on a channel always has a seat; further ones share a few spare seats. Seats of a process that has died count
no more after LIVE_SECONDS, those of a socket that nobody renews after STALE_SECONDS. Nothing here closes a socket.
"""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import msgspec

from delivery.breaker import Breaker, BreakerOpen
from delivery.live.batches import batched
from delivery.redis import PATIENCE_SECONDS, REDIS_AWAY, key, loop_client, script

#: A process tells Redis every second that it lives, and counts as dead after so many silent seconds.
LIVE_SECONDS = 3
#: Seats are renewed so often...
RENEW_SECONDS = 30
#: ...and become free when they were not renewed for so many seconds.
STALE_SECONDS = 75
#: Seats that are renewed in one call (or one socket's): Redis does nothing else meanwhile.
RENEWED_AT_ONCE = 2000
#: Sockets that leave in one call.
LEAVERS_AT_ONCE = 500


_TAKE = script(__file__, "take_seats.lua")


_RENEW = script(__file__, "renew_seats.lua")


_LEAVE = script(__file__, "leave_seats.lua")


class RedisAway(Exception):
    """Redis is away, and no seat was counted."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The user's surplus sockets, as (process, socket), and the channels without a free seat."""

    surplus: Sequence[tuple[str, str]]
    refused: Collection[int]
    #: Redis was away, and must get the seats when it is back.
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """One socket with its seats, and the seconds since its last frame."""

    user_id: int
    socket: str
    channel_ids: Collection[int]
    idle: float


def _calls(holders: Iterable[Holder]) -> Iterator[list[Holder]]:
    call: list[Holder] = []
    room = RENEWED_AT_ONCE
    for holder in holders:
        if len(holder.channel_ids) + 1 > room and call:
            yield call
            call, room = [], RENEWED_AT_ONCE
        call.append(holder)
        room -= len(holder.channel_ids) + 1
    if call:
        yield call


class Seats:
    """`per_user`: sockets of a user; `spare`: sockets of a channel beyond each user's first. 0 lifts either."""

    def __init__(self, redis_url: str, *, process: str, per_user: int, spare: int) -> None:
        self.process = process
        self._per_user = per_user
        self._spare = spare
        self._redis = loop_client(redis_url)
        self._script = self._redis.register_script(_TAKE)
        self._renewal = self._redis.register_script(_RENEW)
        self._departure = self._redis.register_script(_LEAVE)
        self._breaker = Breaker("redis_seats", failures=1, pause_seconds=1)
        # This process's own: user → socket → channels.
        self._local: dict[int, dict[str, tuple[int, ...]]] = defaultdict(dict)

    async def take(self, taker: Holder, *, others: Iterable[Holder]) -> Taken:
        """Takes seats in as many of the channels as have one; repeating is safe. `others`: the user's others here."""
        try:
            taken = await self._breaker.call(lambda: self._take(taker), counts=REDIS_AWAY)
        except (BreakerOpen, *REDIS_AWAY):
            taken = self._take_locally(taker, others)
        seated = self._local[taker.user_id]
        free = set(taker.channel_ids).difference(taken.refused)
        seated[taker.socket] = tuple(free.union(seated.get(taker.socket, ())))
        return taken

    async def leave(self, holders: Iterable[Holder]) -> None:
        """Frees all seats of these sockets. If Redis is away, they become free when they are stale."""
        leavers = list(holders)
        for holder in leavers:
            seated = self._local.get(holder.user_id, {})
            seated.pop(holder.socket, None)
            if not seated:
                self._local.pop(holder.user_id, None)
        with contextlib.suppress(*REDIS_AWAY, BreakerOpen):
            for some in batched(leavers, LEAVERS_AT_ONCE):
                await self._breaker.call(partial(self._leave, some), counts=REDIS_AWAY)

    async def live(self) -> bool:
        """Tells Redis that this process lives. False if Redis had forgotten it, perhaps with all its seats. Raises RedisAway."""
        process = key("process", self.process)
        try:
            before = await self._breaker.call(
                lambda: _soon(self._redis.set(process, 1, px=LIVE_SECONDS * 1000, get=True)), counts=REDIS_AWAY
            )
        except (BreakerOpen, *REDIS_AWAY) as error:
            raise RedisAway from error
        return before is not None

    async def renew(self, holders: Iterable[Holder]) -> set[str]:
        """Renews these seats and the times of the sockets' last frames, also in a Redis that was emptied.

        Returns the surplus sockets among them. Raises RedisAway: then repeat it.
        """
        surplus: set[str] = set()
        try:
            for some in _calls(holders):
                arguments: list[str | int | bytes] = [self.process, STALE_SECONDS * 1000]
                for holder in some:
                    held = _packed(holder) if holder.channel_ids else b""
                    arguments += [holder.user_id, holder.socket, round(holder.idle * 1000), held]
                surplus |= await self._breaker.call(partial(self._renew, arguments), counts=REDIS_AWAY)
        except (BreakerOpen, *REDIS_AWAY) as error:
            raise RedisAway from error
        return surplus

    async def close(self) -> None:
        await self._redis.aclose()

    async def _renew(self, arguments: list[str | int | bytes]) -> set[str]:
        return {socket.decode() for socket in await _soon(self._renewal(args=arguments))}

    async def _leave(self, holders: Iterable[Holder]) -> None:
        arguments: list[str | int] = [self.process]
        for holder in holders:
            arguments += [holder.user_id, holder.socket]
        await _soon(self._departure(args=arguments))

    async def _take(self, taker: Holder) -> Taken:
        arguments: list[str | int | bytes] = [self.process, taker.socket, taker.user_id, self._per_user, self._spare]
        arguments += [STALE_SECONDS * 1000, LIVE_SECONDS * 1000, _packed(taker)]
        surplus, refused = await _soon(self._script(args=arguments))
        pairs = [holder.decode().split(":", 1) for holder in surplus]
        return Taken([(process, socket) for process, socket in pairs], set(refused))

    def _take_locally(self, taker: Holder, others: Iterable[Holder]) -> Taken:
        idlest_first = sorted(others, key=lambda holder: -holder.idle)
        too_many = len(idlest_first) + 1 - self._per_user if self._per_user else 0
        surplus = [(self.process, holder.socket) for holder in idlest_first[: max(0, too_many)]]
        return Taken(surplus, self._refused_locally(taker) if self._spare else set(), is_local=True)

    def _refused_locally(self, taker: Holder) -> set[int]:
        seated = dict(self._local.get(taker.user_id, {}))
        mine = seated.pop(taker.socket, ())
        further = set(taker.channel_ids).intersection(chain(*seated.values())).difference(mine)
        if not further:
            return set()
        spares: Counter[int] = Counter()
        for sockets in self._local.values():
            if len(sockets) > 1:
                seats = Counter(chain(*sockets.values()))
                spares.update({channel_id: count - 1 for channel_id, count in seats.items() if channel_id in further})
        return {channel_id for channel_id in further if spares[channel_id] >= self._spare}


def _packed(holder: Holder) -> bytes:
    # One argument: of hundreds each would cost more than what is done with it.
    return msgspec.msgpack.encode(list(holder.channel_ids))


async def _soon(asked: Any) -> Any:
    # A handshake waits for it, once a second at most.
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asked

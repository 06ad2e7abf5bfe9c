"""How many sockets a user has, and a channel, counted in Redis for all processes; without Redis by each process for itself.

A user's first socket on a channel always has a seat; further ones share a few spare seats. Seats of a process that has died count
no more after LIVE_SECONDS, those of a socket that nobody renews after STALE_SECONDS. Nothing here closes a socket.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from delivery.breaker import Breaker, BreakerOpen
from delivery.live.batches import batched
from delivery.redis import PATIENCE_SECONDS, REDIS_AWAY, key, loop_client, script

#: A process says every second that it lives, and is dead when it has said nothing for so long.
LIVE_SECONDS = 3
#: Seats are renewed so often...
RENEW_SECONDS = 30
#: ...and free when nobody has renewed them for so long.
STALE_SECONDS = 75
#: Seats that are renewed in one call: Redis does nothing else meanwhile.
RENEWED_AT_ONCE = 2000


_TAKE = script(__file__, "take_seats.lua")


_RENEW = script(__file__, "renew_seats.lua")


_LEAVE = script(__file__, "leave_seats.lua")


class RedisAway(Exception):
    """Nothing was counted."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Sockets of the user that are too many, by (process, socket), and channels that had no seat left."""

    surplus: Sequence[tuple[str, str]]
    refused: Collection[int]
    #: Redis was away, and must be told when it is back.
    is_local: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """One socket with its seats, and how long ago it said something, in seconds."""

    user_id: int
    socket: str
    channel_ids: Collection[int]
    idle: float


def _calls(holders: Iterable[Holder]) -> Iterator[list[tuple[Holder, Sequence[int]]]]:
    call: list[tuple[Holder, Sequence[int]]] = []
    room = RENEWED_AT_ONCE
    for holder in holders:
        channel_ids = list(holder.channel_ids)
        for start in range(0, len(channel_ids) or 1, RENEWED_AT_ONCE):
            part = channel_ids[start : start + RENEWED_AT_ONCE]
            if len(part) + 1 > room and call:
                yield call
                call, room = [], RENEWED_AT_ONCE
            call.append((holder, part))
            room -= len(part) + 1
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
        # This process's own: channel → user → sockets. Tuples, for nearly always it is one, and the same in all channels.
        self._local: dict[int, dict[int, tuple[str, ...]]] = defaultdict(dict)

    async def take(self, taker: Holder, *, others: Iterable[Holder]) -> Taken:
        """Seats on as many of the channels as there are; repeating is safe. `others`: the user's in this process."""
        try:
            taken = await self._breaker.call(lambda: self._take(taker), counts=REDIS_AWAY)
        except (BreakerOpen, *REDIS_AWAY):
            taken = self._take_locally(taker, others)
        alone = (taker.socket,)
        for channel_id in set(taker.channel_ids) - set(taken.refused):
            seated = self._local[channel_id]
            others_there = seated.get(taker.user_id, ())
            if taker.socket not in others_there:
                seated[taker.user_id] = others_there + alone if others_there else alone
        return taken

    async def leave(self, holder: Holder) -> None:
        """The seats are free for others; what Redis does not hear of is free when it is stale."""
        for channel_id in holder.channel_ids:
            self._leave_locally(channel_id, holder)
        member = f"{self.process}:{holder.socket}"
        with contextlib.suppress(*REDIS_AWAY, BreakerOpen):
            for some in list(batched(holder.channel_ids, RENEWED_AT_ONCE)) or [[]]:
                await self._breaker.call(partial(self._leave, [member, holder.user_id, *some]), counts=REDIS_AWAY)

    async def live(self) -> bool:
        """This process lives. False when that had been forgotten, and with it perhaps all its seats. Raises RedisAway."""
        process = key("process", self.process)
        try:
            before = await self._breaker.call(
                lambda: _soon(self._redis.set(process, 1, px=LIVE_SECONDS * 1000, get=True)), counts=REDIS_AWAY
            )
        except (BreakerOpen, *REDIS_AWAY) as error:
            raise RedisAway from error
        return before is not None

    async def renew(self, holders: Iterable[Holder]) -> set[str]:
        """These seats once more, also into a Redis that was emptied, and when these sockets last said something.

        Returns those of them that are too many of their users. Raises RedisAway: then repeat it.
        """
        surplus: set[str] = set()
        try:
            for some in _calls(holders):
                arguments: list[str | int] = [self.process, STALE_SECONDS * 1000]
                for holder, channel_ids in some:
                    arguments += [
                        holder.user_id,
                        holder.socket,
                        round(holder.idle * 1000),
                        len(channel_ids),
                        *channel_ids,
                    ]
                surplus |= await self._breaker.call(partial(self._renew, arguments), counts=REDIS_AWAY)
        except (BreakerOpen, *REDIS_AWAY) as error:
            raise RedisAway from error
        return surplus

    async def close(self) -> None:
        await self._redis.aclose()

    async def _renew(self, arguments: list[str | int]) -> set[str]:
        return {socket.decode() for socket in await _soon(self._renewal(args=arguments))}

    async def _leave(self, arguments: list[str | int]) -> None:
        await _soon(self._departure(args=arguments))

    async def _take(self, taker: Holder) -> Taken:
        arguments: list[str | int] = [self.process, taker.socket, taker.user_id, self._per_user, self._spare]
        arguments += [STALE_SECONDS * 1000, LIVE_SECONDS * 1000, *taker.channel_ids]
        surplus, refused = await _soon(self._script(args=arguments))
        pairs = [holder.decode().split(":", 1) for holder in surplus]
        return Taken([(process, socket) for process, socket in pairs], {int(channel_id) for channel_id in refused})

    def _take_locally(self, taker: Holder, others: Iterable[Holder]) -> Taken:
        idlest_first = sorted(others, key=lambda holder: -holder.idle)
        too_many = len(idlest_first) + 1 - self._per_user if self._per_user else 0
        surplus = [(self.process, holder.socket) for holder in idlest_first[: max(0, too_many)]]
        refused = {channel_id for channel_id in taker.channel_ids if not self._is_free_locally(channel_id, taker)}
        return Taken(surplus, refused, is_local=True)

    def _is_free_locally(self, channel_id: int, taker: Holder) -> bool:
        seated = self._local.get(channel_id, {})
        if not seated.get(taker.user_id) or self._spare == 0 or taker.socket in seated[taker.user_id]:
            return True
        return sum(len(sockets) - 1 for sockets in seated.values()) < self._spare

    def _leave_locally(self, channel_id: int, holder: Holder) -> None:
        seated = self._local.get(channel_id)
        if seated is not None and holder.user_id in seated:
            left = tuple(socket for socket in seated[holder.user_id] if socket != holder.socket)
            if left:
                seated[holder.user_id] = left
            else:
                del seated[holder.user_id]
            if not seated:
                del self._local[channel_id]


async def _soon(asked: Any) -> Any:
    # A handshake waits for it, once a second at most.
    return await asyncio.wait_for(asked, PATIENCE_SECONDS)

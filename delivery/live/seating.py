"""Gives this process's sockets their seats: closes a user's surplus sockets, and tells a socket the channels without a seat.

Every second, sockets without a seat try again, so that a seat held by something dead costs seconds.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection

from delivery.bus.announcements import Announcement, Probed, Surplus
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.live.seat_store import RENEW_SECONDS, Holder, RedisAway, Seats
from delivery.live.socket import Socket
from delivery.source import Access
from delivery.wire.codec import encode_refusal
from delivery.wire.errors import TooManyConnections
from delivery.wire.types import CloseCode

#: How long a user's other sockets have to show a sign of life when a further one finds no seat.
PROBE_SECONDS = 2
#: Seconds between two notes in Redis that a socket is in use: so exact is the choice of the idlest socket.
TOUCH_SECONDS = 10
TOO_MANY = "you have more connections than one person may have"


class Seating:
    """`announce` announces to all processes, this one included."""

    def __init__(self, hub: Hub, seats: Seats, announce: Callable[[Announcement], None]) -> None:
        self._hub = hub
        self._seats = seats
        self._announce = announce
        self._renewed_at = time.monotonic()
        self._leaving: list[Holder] = []
        self._is_unseating = False

    async def seat(self, socket: Socket, channel_ids: Collection[int]) -> Collection[int]:
        """Seats the socket; returns the channels without a seat for it. Closes surplus sockets of its user, here or elsewhere."""
        others = [_holder(other) for other in self._hub.sockets_of.get(socket.user_id, ()) if other is not socket]
        taken = await self._seats.take(_holder(socket, channel_ids), others=others)
        if taken.is_local:
            self._renewed_at = 0.0
        for process, surplus in taken.surplus:
            self._announce(Surplus(user_id=socket.user_id, process=process, socket=surplus))
        if taken.refused and not socket.refused:
            self._announce(Probed(user_id=socket.user_id, socket=socket.id))
        return taken.refused

    async def unseat(self, socket: Socket) -> None:
        """Frees its seats soon: those of sockets that leave together in one call, because each call needs a connection."""
        self._leaving.append(_holder(socket, ()))
        if self._is_unseating:
            return
        self._is_unseating = True
        try:
            while self._leaving:
                leaving, self._leaving = self._leaving, []
                await self._seats.leave(leaving)
        finally:
            self._is_unseating = False

    def refuse(self, socket: Socket, access: Access) -> None:
        """Tells the socket once that it has no seat in this channel, and so does not follow it."""
        is_news = access.channel_id not in socket.refused
        socket.refused[access.channel_id] = access
        if is_news and socket.is_greeted:
            self.tell(socket, access.channel_id)

    def tell(self, socket: Socket, channel_id: int) -> None:
        refusal = encode_refusal(TooManyConnections(), ref=None, channel_id=channel_id)
        self._hub.deliver(socket, Prepared(refusal))

    # ---- what is announced ----

    def close_surplus(self, surplus: Surplus) -> None:
        if surplus.process == self._seats.process:
            self._close({surplus.socket})

    def _close(self, surplus: Collection[str]) -> None:
        for socket in [socket for socket in self._hub.sockets if socket.id in surplus]:
            socket.close(CloseCode.TOO_MANY_SOCKETS, TOO_MANY, retry_after=None)

    async def probe(self, probed: Probed) -> None:
        """Asks the user's sockets for a sign of life; those that show none lose their seats until they do."""
        asked_at = asyncio.get_running_loop().time()
        others = [socket for socket in self._hub.sockets_of.get(probed.user_id, ()) if socket.id != probed.socket]
        for socket in others:
            socket.peer.ping()
        await asyncio.sleep(PROBE_SECONDS)
        for socket in others:
            heard = socket.peer.last_heard
            if heard is not None and heard < asked_at and not socket.has_left:
                socket.doubted_at = asked_at
                await self.unseat(socket)

    # ---- watches ----

    async def beat(self) -> list[tuple[int, int]]:
        """Call it every second. Returns the (user, channel) pairs in which a socket without a seat can have one now."""
        with contextlib.suppress(RedisAway):
            await self._renew()
        found = []
        for socket in [socket for socket in self._hub.sockets if socket.refused and socket.is_greeted]:
            wanted = list(socket.refused)
            found += [(socket.user_id, channel_id) for channel_id in set(wanted) - set(await self.seat(socket, wanted))]
        return found

    async def _renew(self) -> None:
        is_known, now = await self._seats.live(), time.monotonic()
        if is_known and now - self._renewed_at < RENEW_SECONDS:
            await self._seats.renew([_holder(socket, ()) for socket in self._hub.sockets if _has_news(socket, now)])
            return
        holders = [_holder(socket) for socket in self._hub.sockets if not _is_doubtful(socket)]
        self._close(await self._seats.renew(holders))
        self._renewed_at = now


def _holder(socket: Socket, channel_ids: Collection[int] | None = None) -> Holder:
    seats = list(socket.accesses) if channel_ids is None else channel_ids
    return Holder(socket.user_id, socket.id, seats, idle=time.monotonic() - socket.active_at)


def _is_doubtful(socket: Socket) -> bool:
    heard = socket.peer.last_heard
    return socket.doubted_at is not None and heard is not None and heard <= socket.doubted_at


def _has_news(socket: Socket, now: float) -> bool:
    """Whether Redis should hear again that the socket is in use."""
    if socket.active_at <= socket.told_active_at or now < socket.tell_active_again_at:
        return False
    socket.told_active_at, socket.tell_active_again_at = socket.active_at, now + TOUCH_SECONDS
    return True

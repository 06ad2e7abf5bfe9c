"""Accesses of connected users: sockets are told when one opens or ends, and the rows are compared now and then."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from delivery.bus.announcements import Opened
from delivery.live.batches import batched
from delivery.live.catching_up import CatchingUp
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.live.seating import Seating
from delivery.live.socket import Socket
from delivery.source import Access, Source
from delivery.threads import DatabaseThreads
from delivery.wire import codec, frames
from delivery.wire.types import CloseCode

logger = logging.getLogger("gapless.accesses")

#: Users whose memberships are read together: of all in a process they would take a quarter of what its sockets do, and that stays.
USERS_AT_ONCE = 200
#: Memberships that are compared in one turn of the loop: fifty thousand take a tenth of a second.
COMPARED_AT_ONCE = 1000
#: New accesses that are remembered for sockets that are opening; if there were more, their accesses are compared with the rows.
OPENED_REMEMBERED = 1000


class Accesses:
    def __init__(
        self, hub: Hub, catching_up: CatchingUp, seating: Seating, source: Source, threads: DatabaseThreads
    ) -> None:
        self._hub = hub
        self._catching_up = catching_up
        self._seating = seating
        self._source = source
        self._threads = threads
        #: The users with a new access, the newest last; and how many there were altogether.
        self._opened: deque[int] = deque(maxlen=OPENED_REMEMBERED)
        self.opened_so_far = 0

    def has_opened(self, user_id: int, *, since: int) -> bool:
        """Whether the user may have a new access since `opened_so_far` had this value."""
        newer = self.opened_so_far - since
        return newer > OPENED_REMEMBERED or user_id in islice(reversed(self._opened), newer)

    async def opened(self, opened: Opened) -> None:
        """Reads what the user may follow now, tells the user's sockets, and lets them follow."""
        self.opened_so_far += 1
        self._opened.append(opened.user_id)
        for socket in list(self._hub.sockets_of.get(opened.user_id, ())):
            if not socket.is_greeted:
                socket.missed_openings = True
                continue
            async with socket.lock:
                await self._open_access(socket, opened.channel_id, opened.action)

    async def compare_memberships(self) -> None:
        """Repairs lost announcements: finds accesses of connected users that opened or ended in the rows."""
        for user_ids in batched(list(self._hub.sockets_of), USERS_AT_ONCE):
            await self._compare(user_ids)

    async def _compare(self, user_ids: Sequence[int]) -> None:
        known = {socket: _held(socket) for user_id in user_ids for socket in self._hub.sockets_of.get(user_id, ())}
        rows = await self._threads.read(self._source.memberships, user_ids)
        apart = await self._apart(rows)
        await self._heal_what_began(apart)
        for socket in [socket for socket in known if socket.user_id in apart]:
            for channel_id in known[socket]:
                if channel_id not in rows[socket.user_id] and channel_id in _held(socket):
                    await self._end_unless_there(socket, channel_id)

    async def _apart(self, rows: Mapping[int, Mapping[int, int]]) -> dict[int, Mapping[int, int]]:
        # Hardly anybody: only of those is each membership looked at by itself.
        found: dict[int, Mapping[int, int]] = {}
        compared = 0
        for user_id, memberships in rows.items():
            if not self._all_know(user_id, memberships):
                found[user_id] = memberships
            compared += len(memberships)
            if compared >= COMPARED_AT_ONCE:
                compared = 0
                await asyncio.sleep(0)
        return found

    def _all_know(self, user_id: int, memberships: Mapping[int, int]) -> bool:
        return all(
            not socket.is_greeted
            or (
                not socket.refused
                and {channel_id: access.version for channel_id, access in socket.accesses.items()} == memberships
            )
            for socket in self._hub.sockets_of.get(user_id, ())
        )

    async def _end_unless_there(self, socket: Socket, channel_id: int) -> None:
        # Read again: the access may be younger than the rows.
        if await self._threads.read(self._source.access, socket.user_id, channel_id) is None:
            self._hub.end_access(socket, channel_id)

    async def _heal_what_began(self, rows: Mapping[int, Mapping[int, int]]) -> None:
        outdated: dict[int, set[int]] = defaultdict(set)
        each = ((user_id, channel_id, version) for user_id in rows for channel_id, version in rows[user_id].items())
        for some in batched(each, COMPARED_AT_ONCE):
            for user_id, channel_id, version in some:
                sockets = self._hub.sockets_of.get(user_id, ())
                if any(_lacks(socket, channel_id) for socket in sockets):
                    await self.opened(Opened(user_id=user_id, channel_id=channel_id, action="joined"))
                elif any(_is_behind(socket, channel_id, version) for socket in sockets):
                    outdated[user_id].add(channel_id)
            await asyncio.sleep(0)
        for user_id, channel_ids in outdated.items():
            await self._renew(user_id, channel_ids)

    async def _renew(self, user_id: int, channel_ids: Collection[int]) -> None:
        """Sends the user's own settings of these channels to the user's sockets that have older ones."""
        current = await self._threads.read(self._source.accesses_to, user_id, channel_ids)
        for socket in list(self._hub.sockets_of.get(user_id, ())):
            for channel_id in channel_ids:
                access = current.get(channel_id)
                if access is not None and _is_behind(socket, channel_id, access.version):
                    self._tell(socket, access, "updated")

    def _tell(self, socket: Socket, access: Access, action: str) -> None:
        """Tells the socket about an access that it has already."""
        known = socket.accesses[access.channel_id]
        known.version = max(known.version, access.version)
        told = frames.Channel(action=action, channel=access.description)
        self._hub.deliver(socket, Prepared(codec.encode(told)))

    def close_strays(self) -> None:
        """Closes sockets that have an access but do not follow it (a sync failed midway): they come back and sync anew."""
        for socket in list(self._hub.sockets):
            if socket.is_synced and not socket.lock.locked() and not socket.is_over:
                followed = (self._hub.channels.get(channel_id) for channel_id in socket.accesses)
                if any(channel is None or socket not in channel.sockets for channel in followed):
                    logger.warning("socket %s does not follow what it may: closed, to come back", socket.id)
                    socket.close(CloseCode.INTERNAL, "lost track of a channel", retry_after=0.5)

    async def _open_access(self, socket: Socket, channel_id: int, action: str) -> None:
        is_new = channel_id not in socket.accesses
        # Before the access is read: nothing that ends meanwhile is overlooked.
        has_seat = not is_new or not await self._seating.seat(socket, [channel_id])
        access = await self._threads.read(self._source.access, socket.user_id, channel_id)
        if access is None or socket.is_over:
            return
        if not has_seat:
            self._seating.refuse(socket, access)
            return
        is_new = channel_id not in socket.accesses
        if is_new:
            socket.refused.pop(channel_id, None)
            socket.accesses[channel_id] = access
        elif action == "joined":
            return
        held = await self._replayable_from(socket, access) if is_new else None
        if channel_id not in socket.accesses:
            # It ended while that was read, and the socket was told so.
            return
        self._tell(socket, access, action if not is_new else "joined" if held is None else "updated")
        if is_new and not socket.is_synced:
            socket.told[channel_id] = access.head
        elif is_new:
            await self._catching_up.follow(socket, access, held=access.head if held is None else held)

    async def _replayable_from(self, socket: Socket, access: Access) -> int | None:
        """The number from which a socket that had no seat can be served as if it had always had one."""
        held = socket.refused_held.pop(access.channel_id, 0)
        if not held or not access.since <= held <= access.head:
            return None
        replayable = await self._threads.read(self._source.can_replay, {access.channel_id: held})
        return held if replayable[access.channel_id] else None


def _held(socket: Socket) -> tuple[int, ...]:
    return (*socket.accesses, *socket.refused) if socket.is_greeted else ()


def _is_behind(socket: Socket, channel_id: int, version: int) -> bool:
    access = socket.accesses.get(channel_id)
    return socket.is_greeted and access is not None and access.version < version


def _lacks(socket: Socket, channel_id: int) -> bool:
    return socket.is_greeted and channel_id not in socket.accesses and channel_id not in socket.refused

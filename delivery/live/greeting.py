"""The opening of a socket: the handshake, the authentication, and `hello`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import msgspec
from structlog.contextvars import bind_contextvars

from delivery import metrics
from delivery.live.answering import Answering
from delivery.live.openings import deny
from delivery.live.pacing import Pace, pace_of_user
from delivery.live.peers import EXTENSION, Peer, Prepared, SendingPeer
from delivery.live.socket import Socket, socket_for
from delivery.service_errors import DATABASE_AWAY
from delivery.wire.codec import encode
from delivery.wire.errors import Unavailable
from delivery.wire.frames import Hello, OwnPresence
from delivery.wire.types import SUBPROTOCOL, VERSION, CloseCode, time_now

if TYPE_CHECKING:
    from delivery.source import Login, Opening

logger = logging.getLogger("gapless.socket")

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Greeting(Answering):
    """The opening of one socket, up to `hello`."""

    #: The ASGI scope of the handshake; empty when the handshake is over.
    scope: MutableMapping[str, Any]
    base_send: Send
    #: The client's address; None if the server does not know it.
    address: str | None
    login: Login
    #: There is a socket, which must be removed at the end.
    is_in = False
    began_at: float

    async def authenticate(self) -> Opening | None:
        """Authenticates the client and reads all that `hello` says; None refuses the handshake with 403."""
        raise NotImplementedError

    def line(self) -> str:
        """The line in which this handshake waits when many come: the lines have their turns one after another."""
        raise NotImplementedError

    def own_presence(self) -> OwnPresence | msgspec.UnsetType:
        """The user's own choices, for `hello`."""
        return msgspec.UNSET

    def own_blocks(self) -> list[int] | msgspec.UnsetType:
        """The users whom the user has blocked, for `hello`."""
        return msgspec.UNSET

    async def come_in(self) -> None:
        """Authenticates the client and sends `hello`; afterwards `is_in` tells whether the socket is open."""
        # What was read is not kept beyond this: of thousands of sockets it would be most.
        learn = self.node.learning()
        opening = await self._let_in()
        if opening is not None:
            self._begin(opening.login)
            self.scope.clear()
            await self._greet(opening, learn)

    def _begin(self, login: Login) -> None:
        limits = self.node.limits
        self.login = login
        peer: Peer = self.scope.get("extensions", {}).get(EXTENSION) or SendingPeer(self.base_send, self.node.nursery)
        self.socket = socket_for(login, peer, limits)
        bind_contextvars(connection=self.socket.id)
        self._pace = Pace(limits.frames_per_second)
        self._user_pace = pace_of_user(login.user.id, limits.user_frames_per_second)
        self.is_in = True

    async def _let_in(self) -> Opening | None:
        offered = self.scope.get("subprotocols", [])
        opening, peer = None, self.scope.get("extensions", {}).get(EXTENSION)
        try:
            # Of a crowd that comes at once many have given up waiting before it is their turn: others wait behind them.
            if self.node.is_draining or (peer is not None and peer.is_gone):
                raise Unavailable
            if not offered or SUBPROTOCOL in offered:
                # After so long PostgreSQL ends a statement itself: one that stands still would keep the places of all who come.
                async with asyncio.timeout(self.node.limits.statement_seconds):
                    opening = await self.authenticate()
        except (Unavailable, TimeoutError, *DATABASE_AWAY):
            await deny(self.scope, self.base_send, seconds=1)
            return None
        metrics.handshakes.labels("refused" if opening is None else "accepted").inc()
        if opening is None:
            await self.base_send({"type": "websocket.close", "code": int(CloseCode.SIGNED_OUT)})
            return None
        accept: dict[str, Any] = {"type": "websocket.accept"}
        if offered:
            accept["subprotocol"] = SUBPROTOCOL
        await self.base_send(accept)
        return opening

    async def _greet(self, opening: Opening, learn: Callable[[Socket, Opening], None]) -> None:
        try:
            await self.node.greet(self.socket, opening, learn)
        except Exception:
            logger.exception("a socket could not be greeted")
            self.socket.close(CloseCode.INTERNAL, "the database can't be reached", retry_after=1)
            return
        hello = Hello(
            version=VERSION,
            connection=self.socket.id,
            epoch=self.socket.epoch,
            user=self.login.user,
            heartbeat_seconds=self.node.limits.heartbeat_seconds,
            time=time_now(),
            limits=vars(self.node.limits),
            channels=self.socket.descriptions(),
            presence=self.own_presence(),
            blocks=self.own_blocks(),
        )
        self.socket.greet(Prepared(encode(hello)))
        self.socket.forget_descriptions()
        metrics.opening_seconds.observe(time.perf_counter() - self.began_at)
        self.socket.is_greeted = True
        if self.socket.missed_openings:
            self.node.nursery.leave(self.node.accesses.compare_memberships())

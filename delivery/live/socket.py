"""One connected client: the channels that it may follow, its state from its commands, and its unsent bytes."""

import asyncio
import secrets
import time
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field

import msgspec

from delivery import metrics
from delivery.limits import NodeLimits
from delivery.live.peers import Peer, Prepared
from delivery.source import NOT_DESCRIBED, Access, Login
from delivery.wire.codec import encode
from delivery.wire.errors import TooManyConnections
from delivery.wire.frames import BareChannel, Goodbye
from delivery.wire.types import CloseCode


@dataclass(slots=True, eq=False)
class Socket:
    """The state of one connected client, for as long as its consumer lives. `accesses`: the channels that may be written to it."""

    login: Login
    peer: Peer
    _: KW_ONLY
    soft_bytes: int
    most_bytes: int
    most_frames: int
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    accesses: dict[int, Access] = field(default_factory=dict)
    #: The channels that it may follow but has no seat in: the seats for extra devices are few.
    refused: dict[int, Access] = field(default_factory=dict)
    #: The numbers that the client holds of those channels: from there on it is served when it gets a seat.
    refused_held: dict[int, int] = field(default_factory=dict)
    #: The clock's time of the last thing said that somebody did, not a program by itself; and when that was told to Redis.
    active_at: float = field(default_factory=time.monotonic)
    told_active_at: float = field(default_factory=time.monotonic)
    tell_active_again_at: float = 0.0
    #: The loop's time of an unanswered request for a sign of life.
    doubted_at: float | None = None
    #: hello was sent: `accesses` is filled, and what opens from now on is pushed.
    is_greeted: bool = False
    missed_openings: bool = False
    #: What `hello` said.
    epoch: str = ""
    #: Whether the first sync was answered.
    is_synced: bool = False
    #: Channels that were pushed as joined before the first sync, with the head that was told.
    told: dict[int, int] = field(default_factory=dict)
    next_heartbeat: float = 0.0
    closed_with: CloseCode | None = None
    #: Whether the consumer has ended.
    has_left: bool = False
    #: One sync or opening at a time, so that replays don't mix.
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _greeting_bytes: int = 0
    _written_bytes: int = 0

    @property
    def unsent_bytes(self) -> int:
        """Unsent bytes without those of `hello`, which is one frame of any length, and was written first."""
        unsent = self.peer.unsent_bytes
        return unsent - min(self._greeting_bytes, max(0, unsent - self._written_bytes))

    @property
    def is_behind(self) -> bool:
        """Whether frames that are not urgent wait until the peer has read more."""
        return self.unsent_bytes > self.soft_bytes or self.peer.unsent_frames > self.most_frames // 2

    @property
    def is_over(self) -> bool:
        return self.has_left or self.closed_with is not None

    @property
    def user_id(self) -> int:
        return self.login.user.id

    def learn(self, channel_id: int, version: int) -> None:
        """Notes that the user's own state of the channel was sent at this version, unless a version between was missed."""
        access = self.accesses.get(channel_id)
        if access is not None and access.version + 1 == version:
            access.version = version

    def greet(self, hello: Prepared) -> None:
        """Writes the first frame, whatever its length."""
        if not self.is_over:
            self._greeting_bytes = len(hello.wire)
            self.peer.write(hello)

    def descriptions(self) -> list[BareChannel]:
        """The descriptions of all channels; `refused`: why this socket does not follow the channel."""
        followed = [access.description for access in self.accesses.values()]
        without_seat = [
            msgspec.structs.replace(access.description, refused=TooManyConnections.code)
            for access in self.refused.values()
        ]
        return followed + without_seat

    def forget_descriptions(self) -> None:
        """Forgets the sent descriptions: those of thousands of channels would be most of a socket's memory."""
        for access in (*self.accesses.values(), *self.refused.values()):
            access.description = NOT_DESCRIBED

    def write(self, frame: Prepared) -> bool:
        """Queues a frame. Returns False, and queues nothing, if too many bytes are unsent already."""
        if self.has_left or self.closed_with is not None:
            return True
        peer = self.peer
        if not peer.keeps_up and (self.unsent_bytes > self.most_bytes or peer.unsent_frames >= self.most_frames):
            return False
        self._written_bytes += len(frame.payload)
        peer.write(frame)
        return True

    def write_if_idle(self, frame: Prepared) -> bool:
        """Queues a frame of the moment. Returns False, and drops it, if the client is behind."""
        if self.has_left or self.closed_with is not None:
            return True
        if not self.peer.keeps_up and self.unsent_bytes > self.soft_bytes:
            metrics.moments_dropped.inc()
            return False
        self._write(frame)
        return True

    def write_while_idle(self, frames: Iterable[Prepared]) -> int:
        """Queues these frames until the client is behind; returns how many."""
        if self.is_over:
            return len(list(frames))
        taken: list[Prepared] = []
        unsent = self.unsent_bytes
        has_room = not self.is_behind
        for frame in frames:
            if not has_room:
                break
            taken.append(frame)
            unsent += len(frame.payload)
            has_room = unsent <= self.soft_bytes
        self._written_bytes += sum(len(frame.payload) for frame in taken)
        if taken:
            self.peer.write_all(taken)
        return len(taken)

    def _write(self, frame: Prepared) -> None:
        self._written_bytes += len(frame.payload)
        self.peer.write(frame)

    def close(self, code: CloseCode, reason: str, *, retry_after: float | None) -> None:
        """Says goodbye and closes; further writes go nowhere. Repeating does nothing."""
        if self.closed_with is not None:
            return
        self.closed_with = code
        metrics.closes.labels(int(code)).inc()
        goodbye = encode(Goodbye(code=code, reason=reason, retry_after=retry_after))
        self.peer.close(code, reason, last=Prepared(goodbye))

    def abandon(self) -> None:
        """Writes no more: the connection has failed in a way that the client can't be told."""
        self.closed_with = CloseCode.INTERNAL


def socket_for(login: Login, peer: Peer, limits: NodeLimits) -> Socket:
    """A socket with the bounds that these limits give it."""
    return Socket(
        login,
        peer,
        soft_bytes=limits.outbox_soft_bytes,
        most_bytes=limits.outbox_bytes,
        most_frames=limits.outbox_frames,
    )

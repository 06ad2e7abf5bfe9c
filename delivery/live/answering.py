"""Answers to a socket: replies to commands, errors for invalid frames, and the words for unexpected errors."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from typing import TYPE_CHECKING

from delivery import metrics
from delivery.live.peers import Prepared
from delivery.live.socket import Socket
from delivery.service_errors import DATABASE_AWAY
from delivery.wire.codec import BadFrame, encode, encode_refusal, given
from delivery.wire.errors import Internal, Refused, Unavailable
from delivery.wire.frames import Frame, Ok
from delivery.wire.types import CloseCode, Ref

if TYPE_CHECKING:
    from delivery.node import Node

logger = logging.getLogger("gapless.socket")


class Answering:
    """One socket's end of frames out; the rest of the conversation is its subclass's."""

    node: Node
    socket: Socket
    #: When the newest frames came that could not be understood, as many as may come in a minute. Most sockets have none.
    bad_frames: deque[float] | None = None

    def confirm(self, ref: Ref | None, ok: Ok) -> None:
        """The one reply to a command that was done; without a ref, success is silent."""
        if ref is not None:
            self.say(ok)

    def confirm_write(self, ref: Ref | None, written: asyncio.Future[None]) -> None:
        """The reply when the write is over, whether it was done or not."""
        if written.cancelled() or written.exception() is not None:
            self.refuse(ref, Unavailable())
        else:
            self.confirm(ref, Ok(ref=given(ref)))

    def refuse(self, ref: Ref | None, refusal: Refused) -> None:
        metrics.errors.labels(refusal.code, "socket").inc()
        self.node.hub.deliver(self.socket, Prepared(encode_refusal(refusal, ref=ref)))

    def say(self, frame: Frame) -> None:
        self.node.hub.deliver(self.socket, Prepared(encode(frame)))

    def refuse_frame(self, bad: BadFrame) -> None:
        """A word about a frame that is no command; the socket is closed when it sends too many of them."""
        self.refuse(bad.ref, bad.refusal)
        now = time.monotonic()
        if self.bad_frames is None:
            self.bad_frames = deque(maxlen=max(1, self.node.limits.bad_frames_per_minute))
        self.bad_frames.append(now)
        if len(self.bad_frames) == self.bad_frames.maxlen and now - self.bad_frames[0] < 60:
            self.socket.close(CloseCode.PROTOCOL, "too many frames could not be understood", retry_after=None)

    def translated(self, error: Exception) -> Refused:
        """The refusal for an unexpected error: `unavailable` if PostgreSQL is away; all others are logged with a reference."""
        if isinstance(error, DATABASE_AWAY):
            return Unavailable()
        reference = secrets.token_hex(6)
        logger.error("reference %s", reference, exc_info=error)
        return Internal(reference)

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
    """The replies and errors of one socket."""

    node: Node
    socket: Socket
    #: The times of the last invalid frames, at most as many as a minute allows. Most sockets have none.
    bad_frames: deque[float] | None = None

    def confirm(self, ref: Ref | None, ok: Ok) -> None:
        """Sends the reply to a successful command; a command without a ref gets none."""
        if ref is not None:
            self.say(ok)

    def confirm_write(self, ref: Ref | None, written: asyncio.Future[None]) -> None:
        """Sends the reply when the write has ended, with success or a refusal."""
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
        """Sends an error for a frame that is no command; after too many of them closes the socket."""
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

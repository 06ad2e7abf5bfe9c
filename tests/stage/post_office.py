"""A real SMTP server on loopback: it keeps the mails, and answers as a test sets."""

import asyncio
import email
import email.policy
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


class PostOffice:
    """`reply`: what it says to the next mails after their text; None: it takes them."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.reply: str | None = None
        #: Takes a mail and is gone before it says so.
        self.hangs_up = False
        self._loop = asyncio.new_event_loop()
        listening = self._loop.create_server(lambda: SMTP(self, loop=self._loop), "127.0.0.1", 0)
        self._server = self._loop.run_until_complete(listening)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        if self.reply is not None:
            return self.reply
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        if self.hangs_up:
            server.transport.abort()
        return "250 taken"

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def wait_for(self, number: int, within: float) -> list[EmailMessage]:
        """The mails, once there are so many."""
        end = time.monotonic() + within
        while len(self.letters) < number and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.letters) >= number, f"{len(self.letters)} mails came"
        return self.letters

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@contextmanager
def post_office() -> Iterator[PostOffice]:
    office = PostOffice()
    try:
        yield office
    finally:
        office.close()

"""A connection to a mailbox over IMAP: lists its mails, reads their bytes, and sets flags. Knows no rows.

Each step is bounded in time and in bytes, even if the server is slow, endless or silent.
"""

import contextlib
import imaplib
import io
import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.imapclient import FLAGGED, SEEN

from chat.support.mailboxes.address import Mailbox

#: Seconds until the server must send something.
SILENT_SECONDS = 10.0
#: Seconds for a whole step: signing in, or one mail.
STEP_SECONDS = 60.0
#: Bytes that one step reads besides the mail itself: enough for the numbers of a million mails.
STEP_BYTES = 16 * 2**20


class Trouble(Exception):
    """The mailbox can't be collected from; the text is a sentence for its operator."""


class _Bounds:
    def __init__(self) -> None:
        self.begin_step(0)

    def begin_step(self, more_bytes: int) -> None:
        self._until = time.monotonic() + STEP_SECONDS
        self._bytes = STEP_BYTES + more_bytes

    def seconds(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"it took more than {STEP_SECONDS:.0f} s")
        return min(SILENT_SECONDS, left)

    def take(self, count: int) -> None:
        self._bytes -= count
        if self._bytes < 0:
            raise OSError("it sent more than it was asked for")


class _Incoming(io.RawIOBase):
    def __init__(self, connection: socket.socket, bounds: _Bounds) -> None:
        self._connection = connection
        self._bounds = bounds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._bounds.seconds())
        count = self._connection.recv_into(buffer)
        self._bounds.take(count)
        return count


class _Protocol(imaplib.IMAP4):
    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, bounds: _Bounds) -> None:
        self._context = context
        self._bounds = bounds
        super().__init__(host, port, timeout=SILENT_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), timeout)
        return plain if self._context is None else self._context.wrap_socket(plain, server_hostname=self.host)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        super().open(host, port, timeout)
        self.bound()

    def bound(self) -> None:
        self.file = io.BufferedReader(_Incoming(self.sock, self._bounds), 64 * 1024)

    def readline(self) -> bytes:
        # A line may have any length within the step's bytes.
        line = self.file.readline()
        assert isinstance(line, bytes)
        return line


class ImapConnection(IMAPClient):
    """A signed-in connection with the folder open for writing. Every step raises Trouble and the errors of sockets."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._bounds = _Bounds()
        self._mailbox = mailbox
        is_tls = mailbox.security == "tls"
        context = None if mailbox.security == "none" else ssl.create_default_context()
        with _told():
            super().__init__(mailbox.host, mailbox.port, ssl=is_tls, ssl_context=context, timeout=_TIMEOUT)
            self._come_in(context)

    def _create_IMAP4(self) -> _Protocol:  # noqa: N802 (the library's name)
        return _Protocol(self.host, self.port, self.ssl_context if self.ssl else None, self._bounds)

    def _come_in(self, context: ssl.SSLContext | None) -> None:
        try:
            if self._mailbox.security == "starttls":
                self.starttls(context)
                self._imap.bound()
            # LOGIN allows ASCII only.
            is_plain = (self._mailbox.user + self._mailbox.password).isascii()
            (self.login if is_plain else self.plain_login)(self._mailbox.user, self._mailbox.password)
            self.select_folder(self._mailbox.folder)
        except BaseException:
            self.hang_up()
            raise

    def hang_up(self, *, is_well: bool = False) -> None:
        """Ends the connection politely: the server would log a fault otherwise."""
        with contextlib.suppress(Exception):
            if is_well:
                self._bounds.begin_step(0)
                self.logout()
        with contextlib.suppress(Exception):
            self.shutdown()

    def unread(self, *, but_of: Iterable[str] = ()) -> list[int]:
        """The UIDs of unseen mails that were not put aside, the oldest first, without those of some senders."""
        left_out = [word for sender in but_of for word in ("NOT", "FROM", sender)]
        with _told():
            self._bounds.begin_step(0)
            return sorted(self.search(["UNSEEN", "UNFLAGGED", *left_out]))

    def put_aside(self) -> int:
        """How many refused mails lie there unread for a person."""
        with _told():
            return len(self.search(["UNSEEN", "FLAGGED"]))

    def size(self, uid: int) -> int | None:
        """The mail's size in bytes; None if it has gone meanwhile."""
        with _told():
            self._bounds.begin_step(0)
            size = self.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
            return size if isinstance(size, int) else None

    def mail(self, uid: int, *, most: int) -> bytes | None:
        """The mail's first bytes, at most so many; None if it has gone meanwhile, or the server denies it. It stays unread."""
        with _told():
            self._bounds.begin_step(2 * most)
            try:
                found = self.fetch([uid], [f"BODY.PEEK[]<0.{most}>"]).get(uid, {})
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                return None
            said = next((value for name, value in found.items() if name.startswith(b"BODY[]")), None)
            return said[:most] if isinstance(said, bytes) else None

    def mark_seen(self, uid: int) -> None:
        self._mark(uid, SEEN)

    def set_aside(self, uid: int) -> None:
        """Flags the mail and leaves it unread: a person sees it in any mail program, and it is not collected again."""
        self._mark(uid, FLAGGED)

    def _mark(self, uid: int, flag: bytes) -> None:
        with _told():
            self._bounds.begin_step(0)
            self.add_flags([uid], [flag], silent=True)


#: The library's spelling of the server's answers.
_BYTES = re.compile(r"\bb'([^']*)'")
_TIMEOUT = SocketTimeout(connect=SILENT_SECONDS, read=SILENT_SECONDS)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError:
        # For example of a certificate, which is a ValueError too.
        raise
    except imaplib.IMAP4.error as error:
        raise Trouble(_BYTES.sub(r"\1", " ".join(str(error).split()))) from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        # Not the error's text, which may contain what was sent.
        raise Trouble(f"what it says is no IMAP ({type(error).__name__})") from error

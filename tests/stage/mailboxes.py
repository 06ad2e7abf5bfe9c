"""A real IMAP server on loopback: tests set its mails, their flags and its errors."""

import re
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chat.support.mailboxes.address import Mailbox, mailbox

SEEN, FLAGGED = "\\Seen", "\\Flagged"


@dataclass
class Lying:
    """One mail as it lies there."""

    raw: bytes
    flags: set[str] = field(default_factory=set)
    #: What the server says of its size; None: the truth.
    size: int | None = None


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Who goes away in the middle, or does not like the certificate."""

    def __init__(self, context: ssl.SSLContext | None = None, *, scheme: str = "imap") -> None:
        self.context, self.scheme = context, scheme
        self.mails: dict[int, Lying] = {}
        self.next_uid, self.validity = 1, 1
        self.folders, self.password = {"INBOX"}, 'a b"c\\d'
        #: Commands as they came, without their tags.
        self.heard: list[str] = []
        #: silent, trickles, endless: from the greeting on. cuts, vanishes, refuses: at the next FETCH of a mail; dies: at a mark.
        self.trouble = ""
        #: No mark holds.
        self.is_read_only = False
        super().__init__(("127.0.0.1", 0), _Session)

    @property
    def url(self) -> str:
        host = "localhost" if self.context else "127.0.0.1"
        return f"{self.scheme}://help%40shop.example:a%20b%22c%5Cd@{host}:{self.server_address[1]}/INBOX"

    @property
    def mailbox(self) -> Mailbox:
        return mailbox(self.url)

    def put(self, raw: bytes, *flags: str, size: int | None = None) -> int:
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.mails[uid] = Lying(raw, set(flags), size)
        return uid

    def make_anew(self) -> None:
        """The mailbox is another one under the same name: its numbers begin again."""
        self.mails, self.next_uid, self.validity = {}, 1, self.validity + 1


class _Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: MailServer

    def handle(self) -> None:
        if self.server.context and self.server.scheme == "imap+ssl":
            self._secure()
        try:
            self._greet()
            while line := self.rfile.readline():
                self._answer(line.decode().rstrip("\r\n"))
        except (OSError, ValueError):
            pass

    def _secure(self) -> None:
        assert self.server.context is not None
        self.connection = self.server.context.wrap_socket(self.request, server_side=True)
        self.rfile = self.connection.makefile("rb")

    def _send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def _greet(self) -> None:
        trouble = self.server.trouble
        while trouble in ("silent", "trickles", "endless"):
            if trouble != "silent":
                self._send(b"*" if trouble == "trickles" else b"* OK x" * 100_000)
            if trouble != "endless":
                time.sleep(0.02)
        self._say("* OK here")

    def _answer(self, line: str) -> None:
        tag, _, said = line.partition(" ")
        self.server.heard.append(re.sub(r"^LOGIN .*", "LOGIN", said))
        command, _, given = said.removeprefix("UID ").partition(" ")
        done = getattr(self, f"_{command.lower()}")(given)
        if command == "LOGOUT":
            self._say("* BYE")
        self._say(f"{tag} {done or 'OK done'}")
        if command == "STARTTLS":
            self._secure()

    def _say(self, line: str) -> None:
        self._send(f"{line}\r\n".encode())

    def _capability(self, given: str) -> None:
        self._say(f"* CAPABILITY IMAP4rev1{' STARTTLS' if self.server.scheme == 'imap+tls' else ''}")

    def _starttls(self, given: str) -> None:
        pass

    def _logout(self, given: str) -> None:
        pass

    def _login(self, given: str) -> str | None:
        words = [re.sub(r"\\(.)", r"\1", word.strip('"')) for word in re.findall(r'"(?:\\.|[^"\\])*"|\S+', given)]
        return None if words == ["help@shop.example", self.server.password] else "NO [AUTHENTICATIONFAILED] no"

    def _select(self, given: str) -> str | None:
        if given.strip('"') not in self.server.folders:
            return "NO [NONEXISTENT] no such mailbox"
        self._say(f"* {len(self.server.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.server.validity}] it\r\n* 0 RECENT")
        return f"OK [READ-{'ONLY' if self.server.is_read_only else 'WRITE'}] it is"

    def _search(self, given: str) -> None:
        senders = [word.strip('"').encode() for word in re.findall(r"NOT FROM (\S+)", given)]
        has_flag = "UNFLAGGED" not in given
        found = [
            str(uid)
            for uid, mail in self.server.mails.items()
            if SEEN not in mail.flags
            and (FLAGGED in mail.flags) == has_flag
            and not any(sender in mail.raw.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0] for sender in senders)
        ]
        self._say(" ".join(["* SEARCH", *found]))

    def _fetch(self, given: str) -> str | None:
        uid = int(given.split()[0])
        mail, trouble = self.server.mails.get(uid), self.server.trouble
        if mail is not None and "RFC822.SIZE" in given:
            self._say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {mail.size or len(mail.raw)})")
            if trouble == "vanishes":
                del self.server.mails[uid]
        elif mail is not None and trouble == "refuses":
            return "NO [UNAVAILABLE] not now"
        elif mail is not None:
            part = re.search(r"BODY\.PEEK\[\]<0\.(\d+)>", given)
            assert part is not None, given
            raw = mail.raw[: int(part[1])]
            self._send(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}\r\n".encode())
            if trouble == "cuts":
                self._send(raw[: len(raw) // 2])
                raise ConnectionError
            self._send(raw + b")\r\n")
        return None

    def _store(self, given: str) -> None:
        if self.server.trouble == "dies":
            raise ConnectionError
        uid, _, flags = given.split(" ", 2)
        if int(uid) in self.server.mails:
            self.server.mails[int(uid)].flags |= set(flags.strip("()").split())


@contextmanager
def mail_server(context: ssl.SSLContext | None = None, *, scheme: str = "imap") -> Iterator[MailServer]:
    with MailServer(context, scheme=scheme) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(5)

"""The HTTP client of benchmarks: one connection, one request after another, with as little CPU as possible."""

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec


@dataclass
class Answered:
    """The answers: the seconds of each, and the number whose status was not 200."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0


class HttpClient:
    """Sends requests as one person over one connection: with a token, or with `login`, a header line."""

    def __init__(self, port: int, token: str = "", *, login: str = "") -> None:
        self._port = port
        self._head = f"Host: localhost:{port}\r\n{login or f'Authorization: Bearer {token}'}\r\n\r\n"
        self.answered = Answered()

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        self._writer.close()

    async def ask(self, path: str, **query: object) -> bytes:
        """The body; the wait is noted. A path of the API, or a whole one."""
        began_at = time.perf_counter()
        whole = path if path.startswith("/") else f"/api/v1/{path}"
        self._writer.write(f"GET {whole}?{urlencode(query)} HTTP/1.1\r\n{self._head}".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        body = await self._reader.readexactly(int(_header(head, b"content-length")))
        self.answered.seconds.append(time.perf_counter() - began_at)
        self.answered.refused += not head.startswith(b"HTTP/1.1 200")
        return body

    async def next_of(self, path: str, **query: object) -> str | None:
        """The cursor of the next page."""
        return msgspec.json.decode(await self.ask(path, **query), type=_Page).next_cursor


class _Page(msgspec.Struct):
    next_cursor: str | None = None


def _header(head: bytes, name: bytes) -> bytes:
    start = head.lower().index(b"\r\n" + name + b":") + len(name) + 3
    return head[start : head.index(b"\r\n", start)]

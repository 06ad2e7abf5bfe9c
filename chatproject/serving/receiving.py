"""Receives a body onto the disk: with one piece in memory at a time, at any speed above the least rate, up to the allowed size."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from typing import IO, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from chat.files.sanitizing import scratch
from delivery.wire.errors import Invalid, TooBig, TooSlow, UnsupportedType

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

#: The least rate: so many bytes in so many seconds, again and again. A file of 25 MB takes three and a half hours at most.
LEAST_BYTES, WITHIN_SECONDS = 20 * 1024, 10.0
#: Bytes that stay in memory until they are written.
PIECE_BYTES = 256 * 1024
#: Bytes that a form may add to its file.
FORM_BYTES = 64 * 1024


class Gone(Exception):
    """The client went away before the end of its body."""


async def receive_body(receive: Receive, *, most: int, disk: Executor) -> IO[bytes]:
    """The whole body; if the connection ends or is too slow, the part that has come. Raises Invalid for more than `most`."""
    kept = _Kept(disk)
    try:
        async for piece in _pieces(receive):
            if kept.size + len(piece) > most:
                raise Invalid("That is more than the upload was announced with.")
            await kept.add(piece)
    except (Gone, TooSlow):
        pass
    return await kept.end()


async def receive_form(receive: Receive, content_type: str, *, most: int, disk: Executor) -> tuple[IO[bytes], str]:
    """The content and the name of the form's part `file`. Raises TooBig as soon as it is too big, Invalid, TooSlow, Gone."""
    form = _Form(content_type, most)
    kept = _Kept(disk)
    async for piece in _pieces(receive):
        await kept.add(form.read(piece))
    if not form.is_over or form.name is None:
        raise Invalid("The form is not whole, or has no part `file`.")
    return await kept.end(), form.name


class _Kept:
    """The bytes so far, on the disk except the last piece. Threads write them, because a disk may be slow."""

    def __init__(self, disk: Executor) -> None:
        self._disk = disk
        self._file: IO[bytes] | None = None
        self._piece = bytearray()
        self.size = 0

    async def add(self, piece: bytes) -> None:
        self._piece += piece
        self.size += len(piece)
        if len(self._piece) >= PIECE_BYTES:
            await self._write()

    async def end(self) -> IO[bytes]:
        await self._write()
        assert self._file is not None
        return self._file

    async def _write(self) -> None:
        piece, self._piece = self._piece, bytearray()
        await asyncio.get_running_loop().run_in_executor(self._disk, self._append, piece)

    def _append(self, piece: bytearray) -> None:
        if self._file is None:
            self._file = scratch()
        self._file.write(piece)


class _Form:
    """Reads a multipart form of one file, piece by piece."""

    def __init__(self, content_type: str, most: int) -> None:
        kind, options = parse_options_header(content_type.encode("latin-1"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise UnsupportedType("A file is given as multipart/form-data, in the part `file`.")
        self._most = most
        self._around = 0
        self._size = 0
        self._header = (bytearray(), bytearray())
        self._found = bytearray()
        self._is_in_file = False
        self.name: str | None = None
        self.is_over = False
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_header_begin": self._begin_header,
                "on_header_field": lambda data, begin, end: self._header[0].extend(data[begin:end]),
                "on_header_value": lambda data, begin, end: self._header[1].extend(data[begin:end]),
                "on_header_end": self._end_header,
                "on_part_data": self._take,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def read(self, piece: bytes) -> bytes:
        """The bytes of this piece that belong to the file."""
        self._found.clear()
        try:
            self._parser.write(piece)
        except FormParserError:
            raise Invalid("The form can't be understood.") from None
        self._around += len(piece) - len(self._found)
        self._size += len(self._found)
        if self._size > self._most:
            raise TooBig(f"The file is larger than {self._most:,} bytes.")
        if self._around > FORM_BYTES:
            raise Invalid("The form has more than its file.")
        return bytes(self._found)

    def _begin_header(self) -> None:
        self._header = (bytearray(), bytearray())

    def _end_header(self) -> None:
        field, value = self._header
        if bytes(field).lower() != b"content-disposition":
            return
        _, options = parse_options_header(bytes(value))
        if options.get(b"name") != b"file" or self.name is not None:
            raise Invalid("The form has one part, `file`.")
        self._is_in_file = True
        name = options.get(b"filename", b"").decode("utf-8", "replace")
        # As browsers spell what would end the name.
        self.name = name.replace("%22", '"').replace("%0D", " ").replace("%0A", " ")

    def _take(self, data: bytes, begin: int, end: int) -> None:
        if not self._is_in_file:
            raise Invalid("The form has one part, `file`.")
        self._found += data[begin:end]

    def _end_part(self) -> None:
        self._is_in_file = False

    def _end(self) -> None:
        self.is_over = True


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    until, came = loop.time() + WITHIN_SECONDS, 0
    while True:
        try:
            async with asyncio.timeout_at(until):
                event = await receive()
        except TimeoutError:
            raise TooSlow from None
        if event["type"] == "http.disconnect":
            raise Gone
        piece = event.get("body", b"")
        came += len(piece)
        if came >= LEAST_BYTES:
            until, came = loop.time() + WITHIN_SECONDS, 0
        yield piece
        if not event.get("more_body"):
            return

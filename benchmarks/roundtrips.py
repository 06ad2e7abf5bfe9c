"""Counts the round trips of a web process to PostgreSQL: a door of its own in front of the real one, that only looks on."""

import asyncio
from contextlib import suppress
from pathlib import Path

#: How libpq names its socket.
SOCKET = ".s.PGSQL.5432"


class CountingDoor:
    """A Unix socket in `folder`, for the host of a database URL. A round trip: the client speaks after the server has."""

    def __init__(self, folder: Path, *, real: Path) -> None:
        self.folder = folder
        self._real = real / SOCKET
        self.round_trips = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / SOCKET
        place.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._join, place)
        place.chmod(0o777)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        has_answered = True

        async def ask() -> None:
            nonlocal has_answered
            while data := await reader.read(65536):
                self.round_trips += has_answered
                has_answered = False
                real_writer.write(data)
            real_writer.close()

        async def answer() -> None:
            nonlocal has_answered
            while data := await real_reader.read(65536):
                has_answered = True
                writer.write(data)
            writer.close()

        real_reader, real_writer = await asyncio.open_unix_connection(self._real)
        with suppress(ConnectionError):
            await asyncio.gather(ask(), answer())

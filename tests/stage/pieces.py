"""PostgreSQL behind a network that cuts its answers into pieces."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from django.db import connection


@asynccontextmanager
async def by_single_bytes(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """How to connect there. The folder gets a socket."""
    upstream = f"{connection.settings_dict['HOST']}/.s.PGSQL.5432"
    given = connection.get_connection_params()
    opened: list[asyncio.StreamWriter] = []

    async def relay(come: asyncio.StreamReader, go: asyncio.StreamWriter) -> None:
        answers, asked = await asyncio.open_unix_connection(upstream)
        opened.append(asked)

        async def ask() -> None:
            while said := await come.read(65536):
                asked.write(said)

        asking = asyncio.ensure_future(ask())
        while byte := await answers.read(1):
            go.write(byte)
            await asyncio.sleep(0)
        asking.cancel()
        go.close()

    async with await asyncio.start_unix_server(relay, folder / ".s.PGSQL.5432"):
        yield {"host": str(folder), "port": 5432, "dbname": given["dbname"], "user": given["user"]}
        for asked in opened:
            asked.close()
            await asked.wait_closed()

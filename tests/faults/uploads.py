"""Files that scripted clients upload: in pieces, cut off and continued or repeated; and the users who read them in the end."""

import asyncio
import hashlib
import json
import random
import time
from typing import Any

from tests.faults.clients import Client
from tests.faults.cluster import Cluster, Company
from tests.faults.history import Fetched, Given, History
from tests.faults.rows import Rows
from tests.faults.wire import ask, bearer

PATH = "/api/v1/files/"
#: Of one request, for a machine that is busy.
PATIENCE = 10
#: Beside its giver a file is asked for by so many members of its channel.
MEMBERS = 2
#: Of all that were given, the last ones: each costs a handful of requests.
MOST_READ = 60
TRIES = 8


async def give_file(client: Client, chance: random.Random, *, within: float) -> tuple[int, str] | None:
    """The file's id and the digest of its bytes, once it is whole; None if it did not come to that within so many seconds."""
    # Text, so that its bytes are not by chance those of a picture.
    content = chance.randbytes(chance.randrange(4_000, 40_000)).hex().encode()
    upload, offset, until = None, 0, time.monotonic() + within
    while time.monotonic() < until:
        if upload is None:
            _, begun = await _ask(client, chance, "POST", "uploads/", {"name": "faults.txt", "size": len(content)})
            upload, offset = begun.get("id"), 0
        else:
            told = await _send_a_piece(client, chance, upload, offset, content)
            if told.get("file"):
                return int(told["file"]["id"]), hashlib.sha256(content).hexdigest()
            upload, offset = told.get("id", upload), told.get("offset", offset)
            if told.get("code") == "not_found":
                upload = None
        await asyncio.sleep(chance.random() * 0.05)
    return None


async def _send_a_piece(
    client: Client, chance: random.Random, upload: int, offset: int, content: bytes
) -> dict[str, Any]:
    # What the server says of the upload now; nothing when that is unknown, and the same piece is said again.
    path = f"uploads/{upload}/"
    piece = content[offset : offset + chance.randrange(2_000, 30_000)]
    what = chance.choice(["send", "send", "cut", "unheard", "twice"])
    if what == "twice":
        await asyncio.gather(*(_ask(client, chance, "PATCH", f"{path}?offset={offset}", piece) for _ in range(2)))
    else:
        cut_after = {"cut": len(piece) // 2, "unheard": len(piece)}.get(what)
        status, told = await _ask(client, chance, "PATCH", f"{path}?offset={offset}", piece, cut_after=cut_after)
        if status == 200 or (not status and chance.random() < 0.5):
            return told
    return (await _ask(client, chance, "GET", path))[1]


async def _ask(
    client: Client, chance: random.Random, method: str, path: str, body: object = None, **options: Any
) -> tuple[int, dict[str, Any]]:
    door = chance.choice(client.doors)
    try:
        status, content = await ask(door.port, client.login, method, PATH + path, body, seconds=PATIENCE, **options)
        return status, json.loads(content)
    except (OSError, TimeoutError, ValueError):
        return 0, {}


def post_file(client: Client, channel: int, file: int, digest: str) -> None:
    """Puts a message with it into the outbox."""
    draft = client.post(channel, files=(file,))
    client.notes.history.append(Given(user=client.user, channel=channel, key=draft.key, file=file, digest=digest))


async def read_files(cluster: Cluster, company: Company, history: History, rows: Rows) -> None:
    """Notes what the giver, some members and somebody else get of each file that was given."""
    given = list({event.file: event for event in history.of(Given)}.values())[-MOST_READ:]
    for event in given:
        carrier = next((row.channel for row in rows.messages if event.file in row.files), event.channel)
        members = [user for user in company.users if (carrier, user) in rows.members and user != event.user]
        strangers = [user for user in company.users if (carrier, user) not in rows.members]
        for user in [event.user, *members[:MEMBERS], *strangers[:1]]:
            status, content = await _fetch(cluster, company.tokens[user], event.file)
            digest = hashlib.sha256(content).hexdigest()
            history.append(Fetched(user=user, file=event.file, status=status, digest=digest))


async def _fetch(cluster: Cluster, token: str, file: int) -> tuple[int, bytes]:
    for attempt in range(TRIES):
        web = cluster.webs[(file + attempt) % len(cluster.webs)]
        try:
            status, content = await ask(web.port, bearer(token), "GET", f"{PATH}{file}/", seconds=PATIENCE)
        except (OSError, TimeoutError, ValueError):
            status, content = 0, b""
        if status and status < 500:
            return status, content
        await asyncio.sleep(0.2 * attempt)
    return 0, b""

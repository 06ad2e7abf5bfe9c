"""From an older release to this one and back, on one database, while both serve: docs/upgrading.md.

The older one is the last tag, or the commit that UPGRADE_FROM names.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from psycopg import sql

from delivery.client import Client
from tests.stage.servers import ROOT, Server, database_url, expect, patient_cursor

#: Nobody promises it: all migrations of an empty database, on a machine that is busy.
MIGRATE_SECONDS = 300


class Release:
    """A tree of the product with the database that the test is about."""

    def __init__(self, folder: Path, url: str, data: Path) -> None:
        self._folder = folder
        given = {"DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL, "GAPLESS_DATA": str(data), "WEB_WORKERS": "1"}
        self._environment = {**os.environ, **given, "PYTHONPATH": str(folder), "GAPLESS_LIMIT_POOL": "4"}
        self._server = Server()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ws(self) -> str:
        return self._server.ws

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=MIGRATE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def serve(self) -> None:
        self._server.log.parent.mkdir(parents=True, exist_ok=True)
        with self._server.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=self._folder,
                env={**self._environment, "PORT": str(self._server.port)},
                stdout=log,
                stderr=log,
            )
        self._server.process = self._process
        self._server.wait_until_alive()

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            assert self._server.stop() == 0


def older() -> str:
    tag = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0", "--match", "[0-9]*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return os.environ.get("UPGRADE_FROM") or tag.stdout.strip()


@pytest.fixture
def url(transactional_db: None) -> Iterator[str]:
    name = sql.Identifier("upgraded")
    with patient_cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(name))
    yield database_url().replace(f"/{settings.DATABASES['default']['NAME']}?", "/upgraded?")
    with patient_cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE upgraded WITH (FORCE)"))


@pytest.fixture
def releases(url: str, tmp_path: Path) -> Iterator[tuple[Release, Release]]:
    commit = older()
    if not commit:
        pytest.skip("there is no tag: UPGRADE_FROM=<commit>")
    archive = tmp_path / "old.tar"
    (tmp_path / "old").mkdir()
    subprocess.run(["git", "archive", "-o", str(archive), commit], cwd=ROOT, check=True)
    subprocess.run(["tar", "-xf", str(archive), "-C", str(tmp_path / "old")], check=True)
    old, new = (Release(folder, url, tmp_path / "data") for folder in (tmp_path / "old", ROOT))
    yield old, new
    for release in (new, old):
        release.end()


@pytest.mark.by_hand
async def test_the_older_release_serves_on_the_tables_of_this_one_and_takes_over_again(
    releases: tuple[Release, Release],
) -> None:
    old, new = releases
    await asyncio.to_thread(old.run, "migrate", "-v0")
    token = (await asyncio.to_thread(old.run, "createuser", "alice", "--token", "--json")).split('"token": "')[1]
    token = token.split('"')[0]
    make = "from chat import services; from chat.models import User; "
    make += "print(services.open_channel(User.objects.get(), name='team', kind='private').pk)"
    channel = int((await asyncio.to_thread(old.run, "shell", "-v0", "-c", make)).split()[-1])
    await asyncio.to_thread(old.serve)
    heard: dict[Release, list[str]] = {old: [], new: []}

    async def follow(release: Release, client: Client) -> None:
        async for event in client.events():
            heard[release] += [change["body"] for change in event.changes if change["kind"] == "text"]

    async with Client(old.ws, token=token) as on_old:
        following = [asyncio.ensure_future(follow(old, on_old))]
        await on_old.post(channel, "before")
        await asyncio.to_thread(new.run, "migrate", "-v0")
        await on_old.post(channel, "the old one on the new tables")
        await asyncio.to_thread(new.serve)
        async with Client(new.ws, token=token, heads={channel: 1}) as on_new:
            following.append(asyncio.ensure_future(follow(new, on_new)))
            await on_new.post(channel, "the new one")
            await on_old.post(channel, "the old one beside it")
            said = ["before", "the old one on the new tables", "the new one", "the old one beside it"]
            await expect(lambda: heard == {old: said, new: said})
            following.pop().cancel()
        # And back: nothing is done to the tables.
        await asyncio.to_thread(new.end)
        await on_old.post(channel, "the old one again")
        await expect(lambda: heard[old] == [*said, "the old one again"])
        following.pop().cancel()

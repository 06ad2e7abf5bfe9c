"""A Redis whose primary Sentinel names is followed to the next one, by every client; TLS and shards are used as written."""

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.core.cache.backends.redis import RedisCache

from chatproject import env, env_urls
from delivery.bus import layer
from delivery.bus.announcements import Announcement, Change, Changed, channel_group
from delivery.bus.layer import Bus
from delivery.redis import client, layer_host, loop_client, sentinel
from delivery.tasks import Nursery
from tests.stage.sentinels import REDIS, Encrypted, Watched
from tests.stage.servers import expect
from tests.stage.valkeys import Valkey


@pytest.mark.fast
def test_a_url_of_sentinel_says_whom_to_ask_and_for_what() -> None:
    watched = sentinel.taken_apart(
        "sentinel+tls://ann:p%40ss@one:1,[::1]:2,three/the%20bell/4?ssl_ca_certs=/ca&sentinel_password=other&timeout=3"
    )
    assert watched.sentinels == [("one", 1), ("::1", 2), ("three", 26379)]
    assert watched.name == "the bell"
    encrypted = {"ssl": True, "ssl_ca_certs": "/ca"}
    assert watched.primary == {"db": 4, "username": "ann", "password": "p@ss", "timeout": 3.0, **encrypted}
    assert watched.sentinel == {"password": "other", **encrypted}


@pytest.mark.fast
@pytest.mark.parametrize(
    "url",
    [
        f"sentinel://{rest}"
        for rest in ("one", "one/", "/ours/0", "one,/ours", "one/ours/x", "one:x/ours", "one/ours?db=x")
    ],
)
def test_what_is_no_url_of_sentinel_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        sentinel.taken_apart(url)


@pytest.mark.fast
def test_several_urls_are_told_apart_from_the_hosts_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    both = ["sentinel://one,two:2/ours", "rediss://:a,b@three/0"]
    monkeypatch.setenv("REDIS_URL", " , ".join(both))
    assert env_urls.redis("REDIS_URL") == both
    monkeypatch.setenv("REDIS_URL", ",".join([both[0]] * 2))
    with pytest.raises(env.EnvError):
        env_urls.redis("REDIS_URL")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sentinel-") as path:
        yield Path(path)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dead is connected anew sooner than in life."""
    monkeypatch.setattr(layer, "REBUILD_AFTER_SECONDS", 1.3)


@pytest.fixture
def watched(folder: Path) -> Iterator[Watched]:
    with Watched(folder, down_seconds=0.3, password="hush") as running:
        yield running


def changed(channel_id: int, rev: int) -> Changed:
    return Changed(channel_id=channel_id, after=rev - 1, head=rev, changes=[Change(rev=rev, key=rev, raw=b"{}")])


@contextlib.asynccontextmanager
async def pair_of(*hosts: dict[str, object]) -> AsyncIterator[tuple[Bus, Bus, list[Announcement]]]:
    """Two processes' buses, each with a layer of its own."""
    heard: list[Announcement] = []
    nursery = Nursery()
    layers = [RedisPubSubChannelLayer(hosts=list(hosts), prefix="gapless") for _ in range(2)]
    speaking, listening = Bus(layers[0], lambda announcement: None, nursery), Bus(layers[1], heard.append, nursery)
    await speaking.start()
    await listening.start()
    yield speaking, listening, heard
    await nursery.end()
    await speaking.stop()
    await listening.stop()


async def hears(speaking: Bus, listening: Bus, heard: list[Announcement], *, channel: int = 5) -> None:
    """Until both hear themselves, and one what the other announces of a channel."""
    await listening.listen([channel_group(channel)])
    before = len(heard)

    async def is_heard() -> bool:
        # Announced again: a subscription may still be under way.
        speaking.announce(changed(channel, next(_numbers)))
        await asyncio.sleep(0.02)
        return len(heard) > before and speaking.is_hearing and listening.is_hearing

    await expect(is_heard, within=20)


_numbers = itertools.count(1)


async def test_when_the_primary_is_killed_everything_goes_on_with_the_next(watched: Watched) -> None:
    url = watched.url
    ours, loops = client(url), loop_client(url)
    cache = RedisCache(url, {"OPTIONS": {"pool_class": "delivery.redis.Pool", "socket_timeout": 1}})
    ours.set("mine", 1)
    cache.set("mine", 2)
    async with pair_of(layer_host(url, socket_timeout=2, socket_connect_timeout=1)) as (speaking, listening, heard):
        await hears(speaking, listening, heard)
        killed = await asyncio.to_thread(watched.kill_primary)
        await hears(speaking, listening, heard)
        assert watched.primary() != killed
        await expect(lambda: _said(lambda: ours.get("mine")) == b"1")
        await expect(lambda: _said(lambda: cache.get("mine")) == 2)
        assert await loops.set("mine", 3)
    await loops.aclose()


def _said(ask):  # type: ignore[no-untyped-def]
    try:
        return ask()
    except redis.RedisError:
        return None


@pytest.mark.skipif(REDIS is None, reason="redis-server, which speaks TLS, is not installed")
async def test_tls_is_spoken_by_every_client_and_a_strange_certificate_is_refused(folder: Path) -> None:
    with Encrypted(folder) as encrypted:
        assert client(encrypted.url).ping()
        loops = loop_client(encrypted.url)
        assert await loops.ping()  # type: ignore[misc]
        await loops.aclose()
        async with pair_of(layer_host(encrypted.url, socket_timeout=2)) as (speaking, listening, heard):
            await hears(speaking, listening, heard)
        with pytest.raises(redis.ConnectionError, match="certificate"):
            client(f"rediss://{encrypted.address}/0").ping()


async def test_over_two_shards_all_is_heard_and_a_dead_one_makes_deaf(folder: Path, valkey: Valkey) -> None:
    (folder / "second").mkdir()
    second = Valkey(str(folder / "second"))
    second.start()
    second.ask()
    hosts = [layer_host(url, socket_timeout=2) for url in (valkey.url, second.url)]
    async with pair_of(*hosts) as (speaking, listening, heard):
        for channel in range(1, 21):
            await hears(speaking, listening, heard, channel=channel)
        assert {announcement.channel_id for announcement in heard if isinstance(announcement, Changed)} == set(
            range(1, 21)
        )
        second.kill()
        await expect(lambda: not speaking.is_hearing and not listening.is_hearing)

"""A Redis whose primary is asked of Sentinel whenever a connection is made: `sentinel://host:26379,host2:26379/mymaster/0`.

`sentinel+tls://` speaks TLS to both. A user and a password before the hosts are Redis', `?sentinel_username=` and
`?sentinel_password=` Sentinel's; all else after the `?` is as in a redis:// URL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from redis import asyncio as aioredis
from redis import sentinel
from redis.asyncio import sentinel as aiosentinel
from redis.connection import ConnectionPool, parse_url

SCHEMES = ("sentinel", "sentinel+tls")
PORT = 26379


@dataclass(frozen=True)
class Watched:
    """A parsed URL of Sentinel."""

    sentinels: list[tuple[str, int]]
    name: str
    #: The arguments of connections to the primary, and of those to Sentinel.
    primary: dict[str, Any]
    sentinel: dict[str, Any]


def is_watched(url: str) -> bool:
    return url.split("://", 1)[0] in SCHEMES


def taken_apart(url: str) -> Watched:
    """Parses such a URL. Raises ValueError."""
    parts = urlsplit(url)
    given, _, hosts = parts.netloc.rpartition("@")
    name, _, number = parts.path.strip("/").partition("/")
    if not name:
        raise ValueError("the name of what Sentinel watches is missing")
    # Its own parser knows which of them are numbers.
    asked: dict[str, Any] = parse_url(f"redis://localhost?{parts.query}")  # type: ignore[no-untyped-call]
    asked.pop("host")
    own = {key.removeprefix("sentinel_"): asked.pop(key) for key in list(asked) if key.startswith("sentinel_")}
    if parts.scheme == "sentinel+tls":
        asked["ssl"] = True
    encrypted = {key: value for key, value in asked.items() if key == "ssl" or key.startswith("ssl_")}
    user, _, password = given.partition(":")
    secrets = {key: unquote(value) for key, value in (("username", user), ("password", password)) if value}
    return Watched(
        sentinels=list(_addresses(hosts)),
        name=unquote(name),
        primary={"db": int(number or 0), **asked, **secrets},
        sentinel=encrypted | own,
    )


def pool(url: str, **options: Any) -> ConnectionPool:
    """A pool of connections to the primary, for threads."""
    watched = taken_apart(url)
    asked = sentinel.Sentinel(watched.sentinels, sentinel_kwargs=watched.sentinel | _patience(options))  # type: ignore[no-untyped-call]
    return sentinel.SentinelConnectionPool(watched.name, asked, **(watched.primary | options))  # type: ignore[no-untyped-call]


def loop_pool(url: str, **options: Any) -> aioredis.ConnectionPool:
    """The same for an event loop."""
    watched = taken_apart(url)
    asked = aiosentinel.Sentinel(watched.sentinels, sentinel_kwargs=watched.sentinel | _patience(options))  # type: ignore[no-untyped-call]
    return aiosentinel.SentinelConnectionPool(watched.name, asked, **(watched.primary | options))  # type: ignore[no-untyped-call]


def layer_host(url: str, **options: Any) -> dict[str, Any]:
    """The same as an entry of `hosts` in the configuration of channels-redis."""
    watched = taken_apart(url)
    return {
        "sentinels": watched.sentinels,
        "master_name": watched.name,
        "sentinel_kwargs": watched.sentinel | _patience(options),
        **watched.primary,
        **options,
    }


def _addresses(hosts: str) -> Iterator[tuple[str, int]]:
    for host in hosts.split(","):
        address = urlsplit(f"//{host}")
        if not address.hostname:
            raise ValueError("a host is missing")
        yield address.hostname, address.port or PORT


def _patience(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key.startswith("socket_")}

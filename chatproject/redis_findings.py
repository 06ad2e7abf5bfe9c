"""The doctor's findings about Redis or Valkey, for each server."""

from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings

from chatproject.findings import Finding
from delivery.redis import client

#: Older versions are not tested.
LEAST_REDIS = 7
_KINDS = {"cluster": "a cluster", "sentinel": "a Sentinel"}


def ping() -> None:
    """Raises RedisError or OSError for the first server that does not answer."""
    for url in _urls():
        client_of(url).ping()


def client_of(url: str = "") -> Any:
    """A client of this server, by default of the first. It tries once: the library's three tries would each wait again."""
    return client(url or settings.REDIS_URL, patience_seconds=2, is_brief=True, decode_responses=True)


def findings() -> Iterator[Finding]:
    """The findings for each server, in the order of REDIS_URL. Raises RedisError."""
    for url in _urls():
        yield from _one_redis(url)


def _one_redis(url: str) -> Iterator[Finding]:
    try:
        said = client_of(url).info()
    except redis.exceptions.NoPermissionError:
        # Hosted servers often deny INFO; only this finding needs it.
        yield Finding("redis", "ok", "this account may not ask for INFO: version and memory can't be judged from here")
        return
    # Valkey tells its own version beside the version of Redis with which it is compatible.
    version = str(said.get("valkey_version") or said["redis_version"])
    old = int(version.split(".")[0]) < LEAST_REDIS
    yield Finding("redis", "wrong" if old else "ok", version, f"Upgrade to {LEAST_REDIS} or newer." if old else "")
    if said.get("cluster_enabled") or said.get("redis_mode") in ("cluster", "sentinel") or said.get("role") == "slave":
        says = f"this is {_KINDS.get(said.get('redis_mode', ''), 'a replica')}, which keeps nothing for us."
        do = "Give REDIS_URL the address of a primary, or of Sentinel: sentinel://host:26379,host2:26379/mymaster/0."
        yield Finding("redis", "wrong", says, do)
    policy, most = said.get("maxmemory_policy"), int(said.get("maxmemory") or 0)
    if policy != "allkeys-lru" or not most:
        says = f"maxmemory is {most or 'not set'}, the policy {policy}: it grows until it is refused or killed."
        yield Finding("redis", "warning", says, "Include deploy/valkey.conf into its configuration.")
    else:
        used = int(said["used_memory"])
        says = f"at most {most / 2**30:.1f} GiB, {policy}; {used / 2**20:.0f} MiB are used"
        yield Finding("redis", "ok", says)


def _urls() -> list[str]:
    return [settings.REDIS_URL, *settings.REDIS_URLS[1:]]

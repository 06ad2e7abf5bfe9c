"""Reads the machine's certificates once: httpx would read them for every client, which takes longer than most requests of tests."""

import functools

from httpx._transports import default


def install() -> None:
    default.create_ssl_context = functools.cache(default.create_ssl_context)  # type: ignore[assignment]

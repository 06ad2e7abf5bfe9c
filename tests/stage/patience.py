"""How long clients of the tests wait for an answer that nobody promises: for a busy machine httpx' own five seconds are too few."""

from httpx._config import DEFAULT_TIMEOUT_CONFIG

SECONDS = 60


def install() -> None:
    """For every client and request that names no seconds of its own."""
    for step in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, step, SECONDS)

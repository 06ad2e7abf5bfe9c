"""How long clients of the tests wait for an answer that nobody promises: for a busy machine httpx' own five seconds are too few."""

from httpx._config import DEFAULT_TIMEOUT_CONFIG

SECONDS = 60
#: Of a web process that waits for a row, or a table, until the test lets go of it.
AT_LOCKS = {f"GAPLESS_LIMIT_{limit}_SECONDS": f"{SECONDS}" for limit in ("LOCK", "COMMIT", "STATEMENT")}


def install() -> None:
    """For every client and request that names no seconds of its own."""
    for step in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, step, SECONDS)

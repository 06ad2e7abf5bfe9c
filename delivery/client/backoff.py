"""How long a client waits before its next try: with full jitter, so that clients that were sent away together return apart."""

import random
from collections.abc import Callable

#: The first attempts follow each other quickly; after these the waits double.
QUICK_ATTEMPTS = 3
QUICK_SECONDS = 1.0
#: The longest wait, unless the server names a longer one; seconds.
MOST_SECONDS = 30.0


def before_attempt(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds before the next attempt to connect, after so many that failed: twice as long each time, 30 at most."""
    if attempt <= QUICK_ATTEMPTS:
        return chance() * QUICK_SECONDS if attempt else chance() * 0.1
    return chance() * min(MOST_SECONDS, QUICK_SECONDS * 2 ** (attempt - QUICK_ATTEMPTS))


def after_refusal(refusals: int, retry_after: float | None, chance: Callable[[], float] = random.random) -> float:
    """Seconds before a refused command is repeated, after so many refusals (1, 2, …); at least what the server named."""
    if retry_after:
        return retry_after + chance() * QUICK_SECONDS
    return chance() * min(MOST_SECONDS, QUICK_SECONDS * 2 ** (refusals - 1))


def named_by(error: BaseException) -> float | None:
    """Seconds that the refusal of a handshake names in Retry-After; who was sent away for the same time comes back apart."""
    response = getattr(error, "response", None)
    named = response.headers.get("Retry-After", "") if response is not None else ""
    return int(named) + random.random() if named.isdecimal() else None

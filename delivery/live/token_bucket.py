"""A token bucket: up to `most` at once, refilled evenly within `seconds`. The caller decides what an empty bucket means."""

import time


class TokenBucket:
    __slots__ = ("_a_second", "_at", "_left", "_most")

    def __init__(self, most: int, *, seconds: float) -> None:
        self._most = float(most)
        self._a_second = most / seconds
        self._left = self._most
        self._at = time.monotonic()

    @property
    def has_some(self) -> bool:
        """Whether a token was left after the last `spend`. It does not refill, so it is cheap."""
        return self._left >= 1

    def wait(self) -> float:
        """Seconds until there is a token; 0 if there is one."""
        self._refill()
        return 0.0 if self._left >= 1 else (1 - self._left) / self._a_second

    def spend(self, count: float = 1) -> float:
        """Takes so many tokens, on credit if there are fewer. Returns the seconds until the debt is paid; 0 without a debt."""
        self._refill()
        self._left -= count
        return max(0.0, -self._left / self._a_second)

    def _refill(self) -> None:
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._a_second)
        self._at = now

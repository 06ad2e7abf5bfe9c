"""A bucket: so many at once as there may be in its time, refilled evenly. What may run dry decides itself what that means."""

import time


class Bucket:
    __slots__ = ("_a_second", "_at", "_left", "_most")

    def __init__(self, most: int, *, seconds: float) -> None:
        self._most = float(most)
        self._a_second = most / seconds
        self._left = self._most
        self._at = time.monotonic()

    @property
    def has_some(self) -> bool:
        """There was one when it was last spent from: not refilled to find out, and so cheap to ask."""
        return self._left >= 1

    def wait(self) -> float:
        """Seconds until there is one; 0 when there is."""
        self._refill()
        return 0.0 if self._left >= 1 else (1 - self._left) / self._a_second

    def spend(self, count: float = 1) -> float:
        """Takes so many, on credit if there are not as many. Seconds until the debt is paid; 0 without one."""
        self._refill()
        self._left -= count
        return max(0.0, -self._left / self._a_second)

    def _refill(self) -> None:
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._a_second)
        self._at = now

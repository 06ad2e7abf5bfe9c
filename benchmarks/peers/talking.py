"""The client of benchmarks.peers: sockets that talk and listen in any dialect, and what became of what they said."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.peers.dialects import Dialect, new_key
from delivery.load.rawsocket import RawSocket

BODY_BYTES = 100


@dataclass
class Tally:
    """By key: when a message was said, and when it was last heard and by how many."""

    said: dict[str, float] = field(default_factory=dict)
    heard: dict[str, tuple[int, float]] = field(default_factory=dict)
    accepted: int = 0
    deliveries: int = 0

    def hear(self, key: str, at: float) -> None:
        if key in self.said:
            count, _ = self.heard.get(key, (0, 0.0))
            self.heard[key] = count + 1, at
            self.deliveries += 1

    def last_heard(self, *, by: int) -> list[float]:
        """Seconds from saying to the last of so many."""
        return [at - self.said[key] for key, (count, at) in self.heard.items() if count >= by]


class Talker(RawSocket):
    def __init__(self, dialect: Dialect, login: str, *, port: int) -> None:
        super().__init__(login, self._read, host=f"localhost:{port}", path=dialect.path)
        self._dialect = dialect
        self.tally = Tally()
        self.is_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._window: asyncio.Semaphore | None = None
        if dialect.is_in_at_once:
            self.opened.add_done_callback(lambda opened: self.is_in.set_result(None))

    def _read(self, payload: bytes) -> None:
        heard, now = self._dialect.read(payload), time.perf_counter()
        for key in heard.said:
            self.tally.hear(key, now)
        for _ in heard.accepted:
            self.tally.accepted += 1
            if self._window is not None:
                self._window.release()
        if heard.is_in and not self.is_in.done():
            self.is_in.set_result(None)
        if heard.answer is not None:
            self.send_text(heard.answer)

    async def talk(self, *, rate: float, until: float, window: int) -> None:
        """Sends `rate` messages a second; 0: as many as `window` unanswered ones allow."""
        start, count = time.perf_counter() + (hash(id(self)) % 1000 / 1000 / rate if rate else 0), 0
        self._window = None if rate else asyncio.Semaphore(window)
        while time.perf_counter() < until:
            if self._window is None:
                await asyncio.sleep(max(0.0, start + count / rate - time.perf_counter()))
            else:
                await self._window.acquire()
            count += 1
            key = new_key()
            self.tally.said[key] = time.perf_counter()
            self.send_text(self._dialect.say(key, f"message {count}: the quick brown fox".ljust(BODY_BYTES, ".")))


async def come_in(dialect: Dialect, login: str, port: int) -> Talker:
    loop = asyncio.get_running_loop()
    _, talker = await loop.create_connection(lambda: Talker(dialect, login, port=port), "127.0.0.1", port)
    await talker.is_in
    return talker


async def all_come_in(
    logins: Sequence[str], port: int, *, speaking: Callable[[], Dialect], at_once: int = 4
) -> list[Talker]:
    """Connects all sockets, a few at once."""
    waiting, talkers = list(logins), []

    async def some() -> None:
        while waiting:
            talkers.append(await come_in(speaking(), waiting.pop(), port))

    await asyncio.gather(*(some() for _ in range(at_once)))
    return talkers

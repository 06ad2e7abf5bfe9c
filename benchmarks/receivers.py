"""The clients of benchmarks.fanout: they stay, repeat what had no `ok`, and note what they heard and when."""

import asyncio
import contextlib
import gc
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.rawclient import Frame, RawClient
from delivery.load.tally import Reception, Tally

BODY_BYTES = 100


@contextlib.contextmanager
def without_pauses() -> Iterator[None]:
    """Python looks for rings of garbage only before: among all that clients note, that takes 100 to 260 ms at a time, in which they
    hear nothing, and which would be taken for the server's."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass
class Receiver:
    """One member's device: reconnects to another process when its own ends, and repeats what had no `ok`."""

    token: str
    channel: int
    ports: list[int]
    place: int
    run: "Run"
    heard: Reception
    head: int = 0
    gaps: int = 0
    reconnects: int = 0
    unacknowledged: dict[int, tuple[uuid.UUID, str]] = field(default_factory=dict)
    client: RawClient | None = None
    task: "asyncio.Task[None] | None" = None
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    async def stay(self) -> None:
        attempt = self.place
        while not self.run.is_over:
            port = self.ports[attempt % len(self.ports)]
            attempt += 1
            try:
                await self._connect(port)
            except (OSError, ConnectionError):
                await asyncio.sleep(random.random() * 0.2)
                continue
            assert self.client is not None
            await self.client.ended
            self.connected.clear()
            self.reconnects += 1

    async def acknowledge(self) -> None:
        """Once a second, cumulatively, as clients do."""
        acknowledged = 0
        await asyncio.sleep(random.random())
        while not self.run.is_over:
            if self.client is not None and self.head > acknowledged and self.connected.is_set():
                acknowledged = self.head
                self.client.send({"op": "delivered", "channel": self.channel, "seq": acknowledged})
            await asyncio.sleep(1)

    async def _connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(
            lambda: RawClient(
                host=f"localhost:{port}", token=self.token, channel=self.channel, head=self.head, on_frame=self.take
            ),
            "127.0.0.1",
            port,
        )
        self.client = client
        states = await client.ready
        if not self.head:
            self.heard.start = states[str(self.channel)]["head"]
        self.head = max(self.head, states[str(self.channel)]["head"])
        for ref, (key, body) in self.unacknowledged.items():
            client.post(body, key, ref)
        self.connected.set()

    def take(self, frame: Frame) -> None:
        if frame.op == "changes":
            now = time.perf_counter()
            if self.head and frame.after != self.head:
                self.gaps += 1
            self.head = frame.head
            for change in frame.changes:
                if change.kind == "text":
                    self.run.tally.hear(self.heard, name=change.client_msg_id, number=change.rev, at=now)
        elif frame.ref:
            self.run.answered(self, frame)


@dataclass
class Run:
    tally: Tally = field(default_factory=Tally)
    is_over: bool = False
    windows: "dict[int, asyncio.Semaphore]" = field(default_factory=dict)

    def answered(self, receiver: Receiver, frame: Frame) -> None:
        sent = receiver.unacknowledged.pop(frame.ref or 0, None)
        if sent is None:
            return
        if frame.message is not None:
            self.tally.answered(str(sent[0]), number=frame.message.rev, at=time.perf_counter())
        else:
            self.tally.refused(str(frame.code))
        if receiver.place in self.windows:
            self.windows[receiver.place].release()


async def send(receiver: Receiver, run: Run, *, rate: float, until: float, window: int) -> None:
    """Sends `rate` messages a second; 0: as many as `window` unanswered ones allow."""
    if not rate:
        run.windows[receiver.place] = asyncio.Semaphore(window)
    ref = 0
    start = time.perf_counter() + (random.random() / rate if rate else 0)
    while time.perf_counter() < until:
        if rate:
            await asyncio.sleep(max(0, start + ref / rate - time.perf_counter()))
        else:
            await run.windows[receiver.place].acquire()
        await receiver.connected.wait()
        ref += 1
        said = f"message {ref} of {receiver.place}: the quick brown fox jumps over the lazy dog"
        key, body = uuid.uuid4(), said.ljust(BODY_BYTES, ".")
        run.tally.send(str(key), channel_id=receiver.channel, at=time.perf_counter())
        receiver.unacknowledged[ref] = (key, body)
        assert receiver.client is not None
        receiver.client.post(body, key, ref)

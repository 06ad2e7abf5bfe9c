"""One client's unanswered messages: repeated with the same client_msg_id, in order, until they are answered."""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.notes import Notes
from tests.faults.wire import Push

#: Codes after which the same may be sent again; after UNKNOWN ones it may have been done.
REPEATABLE = {"rate_limited", "queue_full", "unavailable", "internal"}
UNKNOWN = {"unavailable", "internal"}


@dataclass(slots=True, eq=False)
class Unanswered:
    channel: int
    body: str
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    #: The root of the thread that it is a reply in.
    thread: int | None = None
    files: tuple[int, ...] = ()
    #: Of the command that carries it now; 0 while it waits.
    ref: int = 0
    sent_at: float = 0


class Outbox:
    """Outlives connections. `send` writes a command to the present connection and returns its ref; None: not connected."""

    def __init__(self, notes: Notes, *, window: int) -> None:
        self.window = window
        self.send: Callable[..., int] | None = None
        self.refused: list[Unanswered] = []
        self.flying: dict[int, Unanswered] = {}
        self._notes = notes
        self._lanes: dict[int, deque[Unanswered]] = {}
        self._paused: set[int] = set()

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def add(self, said: Unanswered) -> None:
        self._lanes.setdefault(said.channel, deque()).append(said)
        self._pump(said.channel)

    def open(self, send: Callable[..., int]) -> None:
        """From here on commands can be sent; what was not answered before goes first."""
        self.send = send
        self._paused.clear()
        for channel in self._lanes:
            self._pump(channel)

    def close(self) -> None:
        """The connection has ended: the outcome of what was in flight is unknown."""
        self.send = None
        for said in self.flying.values():
            self._note("unknown", said, code="closed")
            said.ref = 0
        self.flying.clear()

    def take(self, push: Push) -> None:
        """The answer to a command in flight."""
        assert push.ref is not None
        said, code = self.flying.pop(push.ref), str(push.code)
        if push.op == "ok":
            assert push.message is not None
            message = push.message
            # What was repeated late may have been edited meanwhile: then it is another body of the same message.
            is_mine = message.client_msg_id == said.key and (message.body == said.body or message.rev > message.seq)
            self._note("ok", said, seq=message.seq, duplicate=push.duplicate, code="" if is_mine else "other")
        else:
            self._note("unknown" if code in UNKNOWN else "fail", said, code=code)
        said.ref = 0
        if push.op == "error" and code in REPEATABLE:
            self._pause(said.channel, push.retry_after or 1)
            return
        self._lanes[said.channel].remove(said)
        if push.op == "error":
            self.refused.append(said)
        self._pump(said.channel)

    def _pump(self, channel: int) -> None:
        lane = self._lanes.get(channel)
        if not lane or self.send is None or channel in self._paused:
            return
        for said in list(lane)[: self.window]:
            if not said.ref:
                said.ref = self.send(
                    "message.post", channel=channel, client_msg_id=said.key, body=said.body, **_beside(said)
                )
                said.sent_at = time.monotonic()
                self.flying[said.ref] = said
                self._note("invoke", said)

    def _pause(self, channel: int, seconds: float) -> None:
        send = self.send

        def go_on() -> None:
            if self.send is send:
                self._paused.discard(channel)
                self._pump(channel)

        self._paused.add(channel)
        asyncio.get_running_loop().call_later(seconds, go_on)

    def _note(self, phase: str, said: Unanswered, *, code: str = "", seq: int = 0, duplicate: bool = False) -> None:
        self._notes.command(
            phase, ref=said.ref, channel=said.channel, key=said.key, body=said.body, code=code, seq=seq,
            duplicate=duplicate,
        )  # fmt: skip


def _beside(said: Unanswered) -> dict[str, object]:
    thread = {} if said.thread is None else {"thread": said.thread}
    return {**thread, **({"files": said.files} if said.files else {})}

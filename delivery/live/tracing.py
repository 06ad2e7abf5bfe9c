"""Tells a tracer the steps of each message's way. There is no tracer until the product sets one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from delivery.bus.announcements import Change
from delivery.source import Committed
from delivery.wire.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One batch of a lane. `since`: from when each of them waited; `taken_at`: when its commit began (time.perf_counter)."""

    channel_id: int
    since: Sequence[float]
    taken_at: float
    outcomes: Sequence[Committed | Refused]


class Tracer(Protocol):
    """Gets the steps of messages. Its methods are called on the event loop, and must not raise."""

    def answered(self, batch: Answered) -> None:
        """A batch was answered now."""

    def delivered(self, channel_id: int, changes: Sequence[Change], *, sockets: int, began_at: float) -> None:
        """Changes were written to so many sockets of this process between `began_at` (time.perf_counter) and now."""


#: The tracers of this process.
tracers: list[Tracer] = []

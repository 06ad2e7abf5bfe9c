"""Counts of single channels in this process since they were last taken: for people who look at one channel, never as labels."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from delivery import metrics
from delivery.source import Committed
from delivery.wire.errors import Refused

#: Upper bounds of the classes in which latencies are counted, in milliseconds; the last class has none.
CLASSES_MS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

_messages = {outcome: metrics.messages.labels(outcome) for outcome in ("committed", "duplicate", "refused")}


@dataclass(slots=True)
class ChannelCounts:
    messages: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    #: Messages by the class of their time from the lane to the COMMIT.
    latencies: Counter[int] = field(default_factory=Counter)


class CountedChannels:
    """The counts of all channels, for one event loop."""

    def __init__(self) -> None:
        self._channels: dict[int, ChannelCounts] = {}

    def answered(self, channel_id: int, since: Sequence[float], outcomes: Sequence[Committed | Refused]) -> None:
        """One batch was answered now; its messages were waiting since then (time.perf_counter)."""
        now, said = time.perf_counter(), dict.fromkeys(_messages, 0)
        of = self._of(channel_id)
        for began_at, outcome in zip(since, outcomes, strict=True):
            if isinstance(outcome, Refused):
                said["refused"] += 1
                of.errors[outcome.code] += 1
                continue
            said["duplicate" if outcome.duplicate else "committed"] += 1
            metrics.commit_seconds.observe(now - began_at)
            of.latencies[bisect_left(CLASSES_MS, (now - began_at) * 1000)] += 1
        of.messages += said["committed"]
        metrics.batch_messages.observe(len(outcomes))
        for outcome_name, count in said.items():
            if count:
                _messages[outcome_name].inc(count)

    def refused(self, channel_id: int, code: str) -> None:
        self._of(channel_id).errors[code] += 1

    def take(self) -> dict[int, ChannelCounts]:
        """Takes the counts since the last call."""
        taken, self._channels = self._channels, {}
        return taken

    def _of(self, channel_id: int) -> ChannelCounts:
        counts = self._channels.get(channel_id)
        if counts is None:
            counts = self._channels[channel_id] = ChannelCounts()
        return counts

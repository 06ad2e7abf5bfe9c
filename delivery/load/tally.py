"""Compares the sent messages with those that each receiver got: lost, doubled, out of order (by number), late. Knows no sockets.

Tallies of several processes of one machine are put together: their clock, time.perf_counter, is the same.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sent:
    """One message. Times are the generator's, in seconds of time.perf_counter."""

    channel_id: int
    at: float
    answered_at: float = 0.0
    number: int = 0


@dataclass(slots=True)
class Arrived:
    """One message, at the receivers that were connected all the time."""

    receivers: int = 0
    last_at: float = 0.0


@dataclass(slots=True)
class Reception:
    """The changes of one channel that one receiver got, in order."""

    channel_id: int
    #: Everything after this number is expected, once, in order.
    start: int = 0
    numbers: list[int] = field(default_factory=list)
    #: Counts for latencies: was connected all the time.
    is_steady: bool = True


@dataclass(frozen=True, slots=True)
class Findings:
    """The violations: each is a number of pairs of message and receiver."""

    lost: int
    doubled: int
    disordered: int
    #: The same number was another message to somebody.
    different: int

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.disordered or self.different)


@dataclass
class Tally:
    """`name` is what a message is known by: its body, or its client_msg_id."""

    sent: dict[str, Sent] = field(default_factory=dict)
    arrived: dict[str, Arrived] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    receivers: list[Reception] = field(default_factory=list)
    #: What each number of a channel was to the receiver who heard it first.
    names: dict[int, dict[int, str]] = field(default_factory=dict)
    different: int = 0

    @classmethod
    def together(cls, tallies: "Iterable[Tally]") -> "Tally":
        """Merges the tallies of several processes."""
        whole = cls()
        for tally in tallies:
            whole.sent |= tally.sent
            whole.receivers += tally.receivers
            whole.different += tally.different
            for code, count in tally.errors.items():
                whole.errors[code] = whole.errors.get(code, 0) + count
            for name, arrived in tally.arrived.items():
                whole._arrive(name, receivers=arrived.receivers, at=arrived.last_at)
            for channel_id, names in tally.names.items():
                for number, name in names.items():
                    whole._name(channel_id, number, name)
        return whole

    def receiver(self, channel_id: int) -> Reception:
        self.receivers.append(Reception(channel_id))
        return self.receivers[-1]

    def send(self, name: str, *, channel_id: int, at: float) -> None:
        self.sent[name] = Sent(channel_id, at)

    def answered(self, name: str, *, number: int, at: float) -> None:
        self.sent[name].number = number
        self.sent[name].answered_at = at

    def refused(self, code: str) -> None:
        self.errors[code] = self.errors.get(code, 0) + 1

    def hear(self, heard: Reception, *, name: str, number: int, at: float) -> None:
        heard.numbers.append(number)
        self._name(heard.channel_id, number, name)
        if heard.is_steady:
            self._arrive(name, receivers=1, at=at)

    @property
    def answered_messages(self) -> list[Sent]:
        return [sent for sent in self.sent.values() if sent.number]

    @property
    def deliveries(self) -> int:
        return sum(len(heard.numbers) for heard in self.receivers)

    @property
    def heads(self) -> dict[int, int]:
        """The highest number that was answered, a channel."""
        heads: dict[int, int] = {}
        for sent in self.answered_messages:
            heads[sent.channel_id] = max(sent.number, heads.get(sent.channel_id, 0))
        return heads

    def findings(self) -> Findings:
        numbers: dict[int, set[int]] = {}
        for sent in self.answered_messages:
            numbers.setdefault(sent.channel_id, set()).add(sent.number)
        lost = doubled = disordered = 0
        for heard in self.receivers:
            told = set(heard.numbers)
            expected = {number for number in numbers.get(heard.channel_id, ()) if number > heard.start}
            lost += len(expected - told)
            doubled += len(heard.numbers) - len(told)
            disordered += sum(later < earlier for earlier, later in zip(heard.numbers, heard.numbers[1:], strict=False))
        return Findings(lost=lost, doubled=doubled, disordered=disordered, different=self.different)

    def latencies(self, *, since: float = 0.0) -> list[tuple[float, float]]:
        """(when it was sent, seconds until the last steady receiver had it), for messages that all of those had."""
        steady: dict[int, int] = {}
        for heard in self.receivers:
            steady[heard.channel_id] = steady.get(heard.channel_id, 0) + heard.is_steady
        nowhere = Arrived()
        return [
            (sent.at, arrived.last_at - sent.at)
            for name, sent in self.sent.items()
            if sent.number and sent.at >= since
            if (arrived := self.arrived.get(name, nowhere)).receivers >= steady.get(sent.channel_id, 0) > 0
        ]

    def _name(self, channel_id: int, number: int, name: str) -> None:
        if self.names.setdefault(channel_id, {}).setdefault(number, name) != name:
            self.different += 1

    def _arrive(self, name: str, *, receivers: int, at: float) -> None:
        arrived = self.arrived.setdefault(name, Arrived())
        arrived.receivers += receivers
        arrived.last_at = max(arrived.last_at, at)


def quantiles(seconds: Iterable[float]) -> dict[str, float | None]:
    """p50, p95, p99 and the most, in milliseconds; None for each of nothing."""
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: _quantile(ordered, share) for name, share in shares.items()}


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    # The smallest value that at least this share of all does not pass.
    return round(ordered[max(0, math.ceil(len(ordered) * share) - 1)] * 1000, 1) if ordered else None

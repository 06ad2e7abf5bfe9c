"""What was sent and what each receiver heard: lost, doubled, out of order (by number), and how late. Knows no sockets."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sent:
    """One message. Times are the generator's, in seconds of time.perf_counter."""

    stream: int
    at: float
    answered_at: float = 0.0
    number: int = 0
    arrivals: int = 0
    last_at: float = 0.0


@dataclass(slots=True)
class Heard:
    """What one receiver was told of one stream, in the order in which it was told."""

    stream: int
    #: Everything after this number is expected, once, in order.
    start: int = 0
    numbers: list[int] = field(default_factory=list)
    #: Counts for latencies: was connected all the time.
    is_steady: bool = True


@dataclass(frozen=True, slots=True)
class Findings:
    """What must not be: each is a number of messages and receivers."""

    lost: int
    doubled: int
    disordered: int
    #: The same number was another message to somebody.
    different: int

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.disordered or self.different)


class Tally:
    """`name` is what a message is known by: its body, or its client_msg_id."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        self.errors: dict[str, int] = {}
        self.receivers: list[Heard] = []
        self._names: dict[tuple[int, int], str] = {}
        self._different = 0

    def receiver(self, stream: int) -> Heard:
        self.receivers.append(Heard(stream))
        return self.receivers[-1]

    def send(self, name: str, *, stream: int, at: float) -> None:
        self.sent[name] = Sent(stream, at)

    def answered(self, name: str, *, number: int, at: float) -> None:
        self.sent[name].number = number
        self.sent[name].answered_at = at

    def refused(self, code: str) -> None:
        self.errors[code] = self.errors.get(code, 0) + 1

    def hear(self, heard: Heard, *, name: str, number: int, at: float) -> None:
        heard.numbers.append(number)
        if self._names.setdefault((heard.stream, number), name) != name:
            self._different += 1
        sent = self.sent.get(name)
        if sent is not None and heard.is_steady:
            sent.arrivals += 1
            sent.last_at = max(sent.last_at, at)

    @property
    def answered_messages(self) -> list[Sent]:
        return [sent for sent in self.sent.values() if sent.number]

    @property
    def deliveries(self) -> int:
        return sum(len(heard.numbers) for heard in self.receivers)

    @property
    def heads(self) -> dict[int, int]:
        """The highest number that was answered, a stream."""
        heads: dict[int, int] = {}
        for sent in self.answered_messages:
            heads[sent.stream] = max(sent.number, heads.get(sent.stream, 0))
        return heads

    def findings(self) -> Findings:
        numbers: dict[int, set[int]] = {}
        for sent in self.answered_messages:
            numbers.setdefault(sent.stream, set()).add(sent.number)
        lost = doubled = disordered = 0
        for heard in self.receivers:
            told = set(heard.numbers)
            expected = {number for number in numbers.get(heard.stream, ()) if number > heard.start}
            lost += len(expected - told)
            doubled += len(heard.numbers) - len(told)
            disordered += sum(later < earlier for earlier, later in zip(heard.numbers, heard.numbers[1:], strict=False))
        return Findings(lost=lost, doubled=doubled, disordered=disordered, different=self._different)

    def latencies(self, *, since: float = 0.0) -> list[tuple[float, float]]:
        """(when it was sent, seconds until the last steady receiver had it), for messages that all of those had."""
        steady: dict[int, int] = {}
        for heard in self.receivers:
            steady[heard.stream] = steady.get(heard.stream, 0) + heard.is_steady
        return [
            (sent.at, sent.last_at - sent.at)
            for sent in self.answered_messages
            if sent.at >= since and sent.arrivals >= steady.get(sent.stream, 0) > 0
        ]


def quantiles(seconds: Iterable[float]) -> dict[str, float | None]:
    """p50, p95, p99 and the most, in milliseconds; None for each of nothing."""
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: _quantile(ordered, share) for name, share in shares.items()}


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    # The smallest value that at least this share of all does not pass.
    return round(ordered[max(0, math.ceil(len(ordered) * share) - 1)] * 1000, 1) if ordered else None

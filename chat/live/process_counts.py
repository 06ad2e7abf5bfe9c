"""The counts of this process since a moment: from delivery's metrics and of HTTP requests, with the maxima of changing values."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.metrics import MetricWrapperBase

from chat.reads.counted import CLASSES, Counted
from delivery import metrics


class ProcessCounts:
    """Counts since it was created or `begin_again` was called. For one event loop; `count_request` is for any thread."""

    def __init__(self) -> None:
        self._requests = _Requests()
        self.begin_again()

    def begin_again(self) -> None:
        self._most_waiting = self._longest = 0
        self._breakers = set[str]()
        self._was_deaf = False
        self._before, self._requests_before = _Machinery(), self._requests.copy()

    def count_request(self, seconds: float, status: int) -> None:
        self._requests.by_class[bisect_left(CLASSES, seconds)] += 1
        self._requests.failed += status >= 500

    def look(self) -> None:
        """Notes the maxima of values that change at any time. Call it every few seconds."""
        self._most_waiting = max(self._most_waiting, _read(metrics.lane_waiting))
        self._longest = max(self._longest, _read(metrics.lane_longest))
        self._breakers.update(
            name for (name,), is_open in list(metrics.breaker_open._metrics.items()) if _read(is_open)
        )
        self._was_deaf = self._was_deaf or not _read(metrics.bus_hearing)

    def taken(self) -> Counted:
        now, before, requests = (
            _Machinery(),
            self._before,
            _minus(self._requests.by_class, self._requests_before.by_class),
        )
        return Counted(
            sockets=_read(metrics.sockets),
            people=_read(metrics.people),
            lane_waiting=self._most_waiting,
            lane_longest=self._longest,
            breakers=sorted(self._breakers),
            is_deaf=self._was_deaf,
            messages=now.messages - before.messages,
            deliveries=now.deliveries - before.deliveries,
            requests=sum(requests),
            requests_failed=self._requests.failed - self._requests_before.failed,
            lost=now.lost - before.lost,
            repaired=now.repaired - before.repaired,
            errors=dict(now.errors - before.errors),
            commit=_minus(now.commit, before.commit),
            deliver=_minus(now.deliver, before.deliver),
            request=requests,
            lag=_minus(now.lag, before.lag),
        )


@dataclass
class _Requests:
    failed: int = 0
    by_class: list[int] = field(default_factory=lambda: [0] * (len(CLASSES) + 1))

    def copy(self) -> "_Requests":
        return _Requests(self.failed, list(self.by_class))


class _Machinery:
    """Delivery's metrics of this process at one moment."""

    def __init__(self) -> None:
        self.messages = _read(metrics.messages.labels("committed"))
        self.deliveries = _read(metrics.deliveries)
        self.lost = _read(metrics.announcements_lost)
        self.repaired = _read(metrics.gaps_repaired)
        self.errors = _by_first(metrics.errors)
        self.commit = _classes(metrics.commit_seconds)
        self.deliver = _classes(metrics.deliver_seconds)
        self.lag = _classes(metrics.loop_lag_seconds)


def _read(metric: MetricWrapperBase) -> int:
    """The value of a metric, summed over its labels; cheaper than collecting, because it is read all day."""
    return int(metric._value.get())  # type: ignore[attr-defined]


def _by_first(metric: MetricWrapperBase) -> Counter[str]:
    """The values of a metric with several labels, by the first label."""
    found = Counter[str]()
    for labels, one in list(metric._metrics.items()):
        found[labels[0]] += _read(one)
    return found


def _classes(metric: MetricWrapperBase) -> list[int]:
    """The histogram's classes, summed over all labels."""
    each: list[Any] = list(metric._metrics.values()) if metric._labelnames else [metric]
    return [sum(int(count.get()) for count in counts) for counts in zip(*(one._buckets for one in each), strict=True)]


def _minus(now: Sequence[int], before: Sequence[int]) -> list[int]:
    return [more - less for more, less in zip(now, before, strict=True)]

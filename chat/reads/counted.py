"""Counts of web processes over some time, small enough to be stored: sums, maxima, and durations by class."""

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from delivery.metrics import LATENCY

#: Upper bounds of the classes, in seconds; the last class has none.
CLASSES = LATENCY
#: Said of what took longer than the last bound.
BEYOND_SECONDS = 30.0


class Counted(msgspec.Struct, kw_only=True):
    """Of some processes, or of one, over some time. Durations are counts by class (CLASSES)."""

    # As they were last.
    processes: int = 1
    sockets: int = 0
    people: int = 0
    #: Customers that wait at the desk, and for how many seconds the first has.
    desk_waiting: int = 0
    desk_seconds: int = 0
    # The most that there were.
    lane_waiting: int = 0
    lane_longest: int = 0
    #: What was not called for a while because it failed, and whether other processes were not heard.
    breakers: list[str] = []
    is_deaf: bool = False
    # Summed.
    messages: int = 0
    deliveries: int = 0
    requests: int = 0
    requests_failed: int = 0
    lost: int = 0
    repaired: int = 0
    #: Refusals and errors, by code.
    errors: dict[str, int] = {}
    commit: list[int] = []
    deliver: list[int] = []
    request: list[int] = []
    lag: list[int] = []


def together(found: Sequence[Counted]) -> Counted:
    """Of several processes in the same minute."""
    return Counted(
        processes=len(found),
        sockets=sum(one.sockets for one in found),
        people=sum(one.people for one in found),
        lane_waiting=sum(one.lane_waiting for one in found),
        **_most(found),
        **_sums(found),
    )


def one_after_the_other(found: Sequence[Counted]) -> Counted:
    """Of the same processes, over several minutes."""
    return Counted(
        processes=max(one.processes for one in found),
        sockets=max(one.sockets for one in found),
        people=max(one.people for one in found),
        lane_waiting=max(one.lane_waiting for one in found),
        **_most(found),
        **_sums(found),
    )


def quantile(counts: Sequence[int], share: float) -> float | None:
    """Seconds within which so large a share was done, evenly spread in its class; None of nothing."""
    wanted, seen, least = sum(counts) * share, 0, 0.0
    for count, most in zip(counts, (*CLASSES, BEYOND_SECONDS), strict=False):
        if count and seen + count >= wanted:
            return least + (most - least) * (wanted - seen) / count
        seen, least = seen + count, most
    return None


def _plus(rows: Sequence[Sequence[int]]) -> list[int]:
    return [sum(counts) for counts in itertools.zip_longest(*rows, fillvalue=0)]


def _most(found: Sequence[Counted]) -> dict[str, Any]:
    return {
        "desk_waiting": max(one.desk_waiting for one in found),
        "desk_seconds": max(one.desk_seconds for one in found),
        "lane_longest": max(one.lane_longest for one in found),
        "breakers": sorted({name for one in found for name in one.breakers}),
        "is_deaf": any(one.is_deaf for one in found),
    }


def _sums(found: Sequence[Counted]) -> dict[str, Any]:
    counts = ("messages", "deliveries", "requests", "requests_failed", "lost", "repaired")
    return {
        **{name: sum(getattr(one, name) for one in found) for name in counts},
        **{name: _plus([getattr(one, name) for one in found]) for name in ("commit", "deliver", "request", "lag")},
        "errors": dict(sum((Counter(one.errors) for one in found), Counter[str]())),
    }

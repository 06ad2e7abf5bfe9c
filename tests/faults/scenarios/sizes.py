"""How large a scenario is played, how long the harness waits for it, and the seconds that the product promises."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.faults.habits import Habits


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything; seconds where it is time."""

    people: int
    devices: int
    channels: int
    members: int
    rate: float
    lead: float
    fault: float
    #: Long enough for either side to notice that the other is silent: a client, or a process without its echo.
    notice: float
    habits: Habits
    is_long: bool = False
    #: What the harness waits for what it needs but nobody promises a time for, wholeness first: a machine may be busy.
    patience: float = 45
    #: Whether a bound is forgiven what a busy machine adds.
    is_forgiving: bool = True
    #: Then the scenario is ended, wherever it stands.
    most: float = 120


SHORT = Size(
    people=10, devices=1, channels=3, members=6, rate=30, lead=0.3, fault=1, notice=2.7,
    habits=Habits(ping=0.7, silence=2.2),
)  # fmt: skip
#: Limits of the product for the short forms: what it does every so often, it does more often than by default.
OFTEN = {
    "position_check_seconds": 2, "login_check_seconds": 4, "replay_changes": 200, "heartbeat_seconds": 2,
    "present_seconds": 6, "flap_seconds": 1, "request_seconds": 4,
}  # fmt: skip
#: For those that are played side by side: together they are as much as one alone.
BESIDE = replace(SHORT, rate=4)
#: For a build that is known to be broken: what it does not come to is not waited for.
BROKEN = replace(SHORT, patience=4, is_forgiving=False)
LONG = Size(
    people=100, devices=2, channels=20, members=20, rate=50, lead=5, fault=10, notice=15, is_long=True, patience=90,
    most=400, habits=Habits(),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Seconds that the product promises: each recovery of the scenario must keep them (see Recovery); None: not promised.

    whole: from the end of the load until everybody has everything.
    """

    first_ok: float | None = None
    caught_up: float | None = None
    back: float | None = None
    slowest: float | None = None
    answer: float | None = None
    whole: float | None = None

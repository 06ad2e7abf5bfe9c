"""Log records about faults, and a moved clock for them."""

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from chatproject import fault_episodes
from chatproject.fault_filter import FaultFilter


def record(says: str, *given: Any, level: int = logging.WARNING, **extra: Any) -> logging.LogRecord:
    line = logging.LogRecord("gapless.any", level, "", 0, says, given, None)
    line.__dict__.update(extra)
    return line


def moving(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """It is so much later, for what lasts."""
    passed = 0.0

    def move(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    monkeypatch.setattr(fault_episodes, "time", SimpleNamespace(monotonic=lambda: 1000 + passed))
    # Without its thread: what it would say is asked for.
    monkeypatch.setattr(FaultFilter, "_watch", lambda outage: True)
    return move


def of_redis() -> logging.LogRecord:
    return record("Redis carries no announcements", away="Redis")


def said_by(outage: FaultFilter) -> list[str]:
    return [line for _, line in outage._of_faults()]

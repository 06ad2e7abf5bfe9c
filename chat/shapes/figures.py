"""The figures of one channel."""

from collections.abc import Mapping
from typing import Annotated

import msgspec


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The channel's load, latency and errors in the last `window_minutes`; latencies as p50, p95 and p99."""

    window_minutes: int
    members: int
    active_members: int
    messages_last_minute: int
    messages_last_hour: int
    messages_a_minute: float
    latency_ms: Annotated[
        Mapping[str, int] | None,
        msgspec.Meta(description="Time from a message's arrival to its COMMIT. Null: no messages, or unknown now."),
    ]
    errors: Annotated[
        Mapping[str, int] | None, msgspec.Meta(description="Refused commands by code. Null: unknown now.")
    ]


FIGURES = Figures(
    window_minutes=5,
    members=2,
    active_members=2,
    messages_last_minute=3,
    messages_last_hour=41,
    messages_a_minute=2.4,
    latency_ms={"p50": 5, "p95": 10, "p99": 20},
    errors={"rate_limited": 1},
)

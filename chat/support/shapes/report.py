"""Reports, as clients get them: percentiles over the stored intervals, never over messages."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from chat.shapes.words import THEN
from delivery.wire.types import Time


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took: in seconds, within the inbox's hours and while the customer waited."""

    count: int
    p50: int
    p90: int
    met: Annotated[
        float | None,
        msgspec.Meta(description="The share of those with a policy that met it; null: there were none."),
    ]


class Satisfaction(msgspec.Struct, frozen=True, kw_only=True):
    """The customers' ratings, from 1 to 5."""

    count: int
    average: float
    satisfied: Annotated[float, msgspec.Meta(description="The share of those who said 4 or 5.")]


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one inbox, agent or day (UTC)."""

    key: Annotated[str, msgspec.Meta(description="The id of the inbox or agent, or the day.")]
    name: str
    first: Annotated[Spread | None, msgspec.Meta(description="Time to the first answer of an episode.")]
    next: Annotated[Spread | None, msgspec.Meta(description="Time to each later answer.")]
    solve: Annotated[Spread | None, msgspec.Meta(description="Time until the conversation was resolved.")]
    held: Annotated[
        Spread | None, msgspec.Meta(description="Time for which an agent held it, whether the customer waited or not.")
    ]
    ratings: Satisfaction | None


class SupportReport(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """A report over all that ended from `from` on and before `to`."""

    since: Time
    until: Time
    by: str
    rows: Sequence[ReportRow]


_SPREAD = Spread(count=41, p50=180, p90=900, met=0.95)
_RATINGS = Satisfaction(count=9, average=4.6, satisfied=1.0)
_ROW = ReportRow(
    key="2",
    name="Ada",
    first=_SPREAD,
    next=_SPREAD,
    solve=_SPREAD,
    held=Spread(count=12, p50=600, p90=2400, met=None),
    ratings=_RATINGS,
)
REPORT = SupportReport(since="2026-11-01T00:00:00.000000Z", until=THEN, by="agent", rows=[_ROW])

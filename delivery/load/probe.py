"""A probe of the real path: a message to another socket, and missed messages to a socket that reconnects."""

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.load.crowd import Crowd
from delivery.load.tally import Findings, Tally

#: Messages that are said while the second socket is away.
MISSED = 3


@dataclass(frozen=True)
class ProbeResult:
    """Milliseconds."""

    connected: float
    sent_to_received: float | None
    back_to_caught_up: float | None
    findings: Findings
    errors: dict[str, int]

    @property
    def is_whole(self) -> bool:
        return (
            self.findings.is_clean and not self.errors and None not in (self.sent_to_received, self.back_to_caught_up)
        )


async def probe(url: str, *, places: Sequence[tuple[str, int]]) -> ProbeResult:
    """places: two of (token, channel). Raises Ended, TimeoutError or OSError when it can't connect."""
    tally = Tally()
    async with Crowd(url, places, tally=tally) as crowd:
        first, second = crowd.seats
        connected = max(await crowd.arrive(lambda _: None))
        await crowd.say(first)
        await crowd.settled()
        latencies = [seconds for _, seconds in tally.latencies()]
        await crowd.leave(second)
        for _ in range(MISSED):
            await crowd.say(first)
        # What was missed comes before the answer to the sync, which entering waits for.
        back: float | None = await crowd.enter(second)
        if not await crowd.settled():
            back = None
    return ProbeResult(
        connected=_ms(connected) or 0.0,
        sent_to_received=_ms(latencies[0] if latencies else None),
        back_to_caught_up=_ms(back),
        findings=tally.findings(),
        errors=tally.errors,
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)

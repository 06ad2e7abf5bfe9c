"""Measures how late an event loop is: a frame that comes while the loop is busy waits for so long."""

import asyncio
import time

#: Between two moments at which the loop should take its turn.
STEP_SECONDS = 0.02


class Lag:
    """`seconds`: at evenly spread moments, how much later than then the loop took its turn, for as long as `watch` runs."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def watch(self) -> None:
        due = time.perf_counter()
        while True:
            due += STEP_SECONDS
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.note(due, time.perf_counter())
            due += STEP_SECONDS * ((time.perf_counter() - due) // STEP_SECONDS)

    def note(self, due: float, now: float) -> None:
        """The turn that was due came now. Moments that passed meanwhile count, too: else one long wait hides behind short ones."""
        late = now - due
        self.seconds += [late - STEP_SECONDS * n for n in range(int(late // STEP_SECONDS) + 1)]

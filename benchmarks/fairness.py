"""How much one member who sends requests without end slows the others: the median until the last of 100 has seen a message.

    python -m benchmarks.fairness                two minutes, a few seconds more the first time
    python -m benchmarks.fairness --rounds 1     half of it

Ten connections that ask for pages around, for searches, for changes, and ten sockets that ask for 990 missed changes, each as soon
as it is answered, on the one web process on which ten messages a second are said. Each is measured in turn with nobody asking; at
most twice as long is fair. Compare figures only within one run.
"""

import argparse
import asyncio
import json
import statistics
from typing import Any

import django
import uvloop

from benchmarks.fanout import DATA, WebProcess, side_by_side
from benchmarks.machine import machine
from chatproject.embedded import services as embedded

django.setup()

from benchmarks.filled_channels import Reader, lay_out_one  # noqa: E402
from benchmarks.read_load import FEW, LOADS, Load, Scene, gather, nothing, talk  # noqa: E402 (Django comes first)

PORT = 18190
MESSAGES = 50_000


async def measure(scene: Scene, rounds: int) -> dict[str, Any]:
    """Milliseconds alone and beside each load, and how many times as long."""
    figures: dict[str, Any] = {}
    with machine([scene.server]) as elsewhere:
        for name, load in LOADS.items():
            alone, beside = [], []
            for _ in range(rounds):
                alone.append(await seen_p50(scene, nothing))
                beside.append(await seen_p50(scene, load))
            ratio = statistics.median(after / before for before, after in zip(alone, beside, strict=True))
            figures[name] = {"alone_ms": min(alone), "beside_ms": min(beside), "times_as_long": round(ratio, 2)}
        figures["machine"] = elsewhere()
    return figures


async def seen_p50(scene: Scene, load: Load) -> float:
    found = await talk(scene, FEW, load)
    seen: float = found["send_to_last_receiver_ms"]["p50"]
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    embedded.ensure(DATA)
    try:
        reader = lay_out_one(MESSAGES)
        with side_by_side(None, PORT) as servers:
            figures = uvloop.run(_gathered(reader, servers["this"], options.rounds))
    finally:
        embedded.leave(DATA)
    print(json.dumps(figures) if options.json else "\n".join(f"{name:>20}  {value}" for name, value in figures.items()))


async def _gathered(reader: Reader, server: WebProcess, rounds: int) -> dict[str, Any]:
    return await measure(await asyncio.to_thread(gather, reader, server), rounds)


if __name__ == "__main__":
    main()

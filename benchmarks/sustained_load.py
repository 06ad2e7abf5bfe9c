"""`python -m benchmarks.sustained_load`: sends as fast as possible for some minutes through several processes.

In no 60 s may the server accept more messages of one user than the limit; it prints the fullest window.
"""

import argparse
import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Sequence

from websockets.exceptions import ConnectionClosed

from delivery.client.connection import CommandRefused, Connection

WINDOW_SECONDS = 60


async def send_until(
    url: str, *, token: str, channel: int, until: float, taken: list[tuple[float, float]], early: list[float]
) -> None:
    """Posts without a pause, and once refused again exactly when told to; `taken`: (asked, answered) of each that was taken."""
    async with Connection(url, token=token, heads={}) as connection:
        while time.monotonic() < until:
            asked = time.monotonic()
            try:
                await connection.post(channel, "tick", client_msg_id=str(uuid.uuid4()))
                taken.append((asked, time.monotonic()))
            except CommandRefused as refused:
                wait = refused.retry_after or 1
                await asyncio.sleep(min(wait, max(0, until - time.monotonic())))
                early.append(wait)
            except (ConnectionClosed, ConnectionError):
                return


def fullest(taken: Sequence[tuple[float, float]]) -> int:
    """The most messages that were certainly taken within one window: asked after its begin and answered before its end."""
    most, inside = 0, deque[float]()
    for asked, answered in sorted(taken):
        inside.append(asked)
        while inside and inside[0] <= answered - WINDOW_SECONDS:
            inside.popleft()
        most = max(most, len(inside))
    return most


async def measure(options: argparse.Namespace) -> dict[str, object]:
    taken: list[tuple[float, float]] = []
    waits: list[float] = []
    until = time.monotonic() + options.seconds
    urls = [options.urls[n % len(options.urls)] for n in range(options.sockets)]
    await asyncio.gather(
        *(
            send_until(url, token=options.token, channel=options.channel, until=until, taken=taken, early=waits)
            for url in urls
        )
    )
    return {
        "seconds": options.seconds,
        "sockets": options.sockets,
        "processes": len(options.urls),
        "taken": len(taken),
        "fullest_window": fullest(taken),
        "refused": len(waits),
        "longest_retry_after": round(max(waits, default=0), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("urls", nargs="+", help="ws://host:port/ws/ of each process")
    parser.add_argument("--token", required=True)
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--seconds", type=int, default=130)
    parser.add_argument("--sockets", type=int, default=6)
    print(json.dumps(asyncio.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()

"""The newest page of a channel from the recent cache against the same page from the rows, turn by turn in one run.

    python -m benchmarks.recent

Compare figures only within one run: the machine's other work hits both alike.
"""

import os
import statistics
import time
import uuid
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("GAPLESS_DATA", str(ROOT / ".data" / "bench"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
os.environ["SECRET_KEY"] = "the key of the benchmarks, long enough"

import django  # noqa: E402 (the environment comes first)
from django.core.management import call_command  # noqa: E402

django.setup()

from chat import services  # noqa: E402 (Django comes first)
from chat.reads import cache, history  # noqa: E402
from chatproject.embedded import services as embedded  # noqa: E402

TURNS = 500


def measure() -> None:
    channel = filled()
    assert cache.recent.rebuild(channel)
    assert cache.recent.newest(channel, 20)
    ways: dict[str, Callable[[], object]] = {
        "from the cache": lambda: cache.recent.newest(channel, 20),
        "from the rows": lambda: history.newest_from_rows(channel),
        "putting it in": lambda: cache.recent.rebuild(channel),
    }
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            began_at, cpu = time.perf_counter(), time.thread_time()
            way()
            spent[name].append((time.perf_counter() - began_at, time.thread_time() - cpu))
    for name, times in spent.items():
        wall, cpu = (statistics.median(column) * 1e6 for column in zip(*times, strict=True))
        print(f"{name:>16}  {wall:7.0f} µs, of which {cpu:5.0f} µs CPU of this process (medians of {TURNS})")


def filled() -> int:
    """A channel with three hundred messages."""
    owner = services.create_user(f"owner-{uuid.uuid4().hex[:8]}")
    channel = services.open_channel(owner, name="recent").pk
    for _ in range(6):
        services.post_messages([
            services.Draft(channel=channel, sender=owner.pk, client_msg_id=uuid.uuid4(), body=f"{n}: the quick brown fox")
            for n in range(50)
        ])  # fmt: skip
    return channel


def main() -> None:
    embedded.ensure(Path(os.environ["GAPLESS_DATA"]))
    try:
        call_command("migrate", verbosity=0)
        measure()
    finally:
        embedded.leave(Path(os.environ["GAPLESS_DATA"]))


if __name__ == "__main__":
    main()

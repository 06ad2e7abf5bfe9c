"""The machinery's metrics for Prometheus: one name a metric, in base units, and never a user or a channel as a label.

Cheap enough for the hot path: counted once a batch or a frame, never once a socket. Figures by channel: live/channel_counts.py.
"""

import itertools
import time
from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from delivery.wire.errors import REFUSALS
from delivery.wire.types import CloseCode

#: Seconds; around the promises: 100 ms from sender to receiver, 2 s without Redis, 3 s until `unavailable`.
LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10)


def counted(name: str, says: str, **known: Iterable[object]) -> Counter:
    """Creates a counter that is 0 from the first scrape on, for all known label values: else a rate misses the first event."""
    counter = Counter(name, says, list(known))
    for values in itertools.product(*known.values()):
        counter.labels(*values)
    return counter


def observe_zeros(histogram: Histogram, times: int) -> None:
    """Observes 0 so many times at the cost of once; for a histogram whose lowest bucket is that of 0."""
    if times:
        histogram._buckets[0].inc(times)


# ---- sockets ----

sockets = Gauge("gapless_sockets", "Sockets that are open.", multiprocess_mode="livesum")
people = Gauge("gapless_people", "Users with an open socket, summed over the processes.", multiprocess_mode="livesum")
channels = Gauge(
    "gapless_streams", "Channels that some socket follows, summed over the processes.", multiprocess_mode="livesum"
)
opening_seconds = Histogram(
    "gapless_opening_seconds", "Time from the handshake's arrival to the writing of `hello`.", buckets=LATENCY
)
sync_seconds = Histogram("gapless_sync_seconds", "Time from `sync` to its `ok`, including the replay.", buckets=LATENCY)
handshakes = counted(
    "gapless_handshakes",
    "Handshakes by outcome: accepted, refused (403) or unavailable (503).",
    outcome=("accepted", "refused", "unavailable"),
)
closes = counted("gapless_closes", "Sockets that the server closed, by close code.", code=map(int, CloseCode))
slow_readers_closed = Counter("gapless_slow_readers_closed", "Sockets closed because the client read too slowly.")
moments_dropped = Counter(
    "gapless_moments_dropped", "Pushes of typing and presence dropped because the socket was behind."
)

# ---- messages ----

messages = counted(
    "gapless_messages",
    "Posts answered, by outcome: committed, duplicate or refused.",
    outcome=("committed", "duplicate", "refused"),
)
deliveries = Counter("gapless_deliveries", "Changes written to sockets: one change to 100 sockets counts 100.")
errors = counted(
    "gapless_errors",
    "Refusals and errors sent to clients, by code and by door: socket or http.",
    code=[refusal.code for refusal in REFUSALS],
    door=("socket", "http"),
)
commit_seconds = Histogram(
    "gapless_commit_seconds", "Time from a message's arrival in its lane to its COMMIT.", buckets=LATENCY
)
deliver_seconds = Histogram(
    "gapless_deliver_seconds",
    "Time from the COMMIT to the write to a process's last socket, by way: own (same process) or other (through Redis).",
    ["way"],
    buckets=LATENCY,
)
batch_messages = Histogram(
    "gapless_batch_messages", "Messages in one transaction.", buckets=(1, 2, 5, 10, 20, 30, 40, 50)
)
requests_waiting = Gauge(
    "gapless_requests_waiting", "Requests that wait for a change (?wait=).", multiprocess_mode="livesum"
)
lane_waiting = Gauge(
    "gapless_lane_waiting", "Messages waiting to be committed, in all lanes together.", multiprocess_mode="livesum"
)
lane_longest = Gauge(
    "gapless_lane_longest", "Messages waiting to be committed in the longest lane.", multiprocess_mode="livemax"
)

# ---- catching up ----

replay_changes = Histogram(
    "gapless_replay_changes",
    "Changes replayed to a returning client, for each channel.",
    buckets=(0, 1, 10, 50, 100, 200, 500, 1000),
)
resyncs = Counter("gapless_resyncs", "Channels answered with `resync`: the client had missed more than is replayed.")
gaps_repaired = Counter(
    "gapless_gaps_repaired", "Times that a process missed an announcement and read the changes from PostgreSQL instead."
)

# ---- what it leans on ----

reads_repeated = Counter("gapless_reads_repeated", "Reads that were repeated because PostgreSQL was away.")

breaker_open = Gauge(
    "gapless_breaker_open", "1 while no calls are made because they failed just now, by the service called.", ["name"],
    multiprocess_mode="livemax",
)  # fmt: skip
breaker_failures = Counter(
    "gapless_breaker_failures", "Failed calls that count for the breaker, by the service called.", ["name"]
)
bus_hearing = Gauge(
    "gapless_bus_hearing", "1 while announcements of other processes arrive through Redis.", multiprocess_mode="livemin"
)
announcements_lost = Counter(
    "gapless_announcements_lost", "Announcements that Redis did not take: other processes read the rows."
)
tasks_begun_again = Counter(
    "gapless_tasks_begun_again", "What runs beside all the time and ended by an unexpected error: it was begun again."
)
cache_reads = counted(
    "gapless_cache_reads", "Reads of the recent cache, by result: hit, miss or error.", result=("hit", "miss", "error")
)
pool_size = Gauge("gapless_pool_connections", "Database connections that are open.", multiprocess_mode="livesum")
pool_in_use = Gauge("gapless_pool_in_use", "Database connections that are in use.", multiprocess_mode="livesum")
pool_waiting = Gauge(
    "gapless_pool_waiting",
    "Requests and batches that are waiting for a database connection.",
    multiprocess_mode="livesum",
)
loop_lag_seconds = Histogram(
    "gapless_loop_lag_seconds", "How much too late the event loop takes its turn; measured every second.",
    buckets=LATENCY,
)  # fmt: skip
turned_at = Gauge(
    "gapless_turn_timestamp_seconds",
    "Last turn of an event loop (Unix time), of the process whose last turn is the oldest; set twice a second.",
    multiprocess_mode="livemin",
)
# A process that begins has not stood still since 1970.
turned_at.set(time.time())
resident_bytes = Gauge("gapless_resident_bytes", "Memory of the web processes.", multiprocess_mode="livesum")
open_files = Gauge(
    "gapless_open_files",
    "Open files and connections of the process that has the most.",
    multiprocess_mode="livemax",
)
allowed_files = Gauge(
    "gapless_allowed_files", "Files and connections that one process may have open.", multiprocess_mode="livemin"
)

"""The last messages of a channel in Redis: used only if they are provably equal to PostgreSQL's, and never the only copy.

An entry carries its proof: the channel's `head` with a mark of the row that has this number (a restored backup has another),
the count of changes without a number (statuses: SettledUpTo.unnumbered), and the names that it spells. PostgreSQL is asked
for the same in one small query at each read, and an entry that differs in anything is a miss.
"""

import contextlib
import datetime
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from django.conf import settings

from chat import clock, prepared_sql, shapes
from chat.models import Message
from chat.reads.sent import beside
from delivery import metrics
from delivery.breaker import Breaker, BreakerOpen
from delivery.redis import REDIS_AWAY, client, key, script
from delivery.wire import ids
from delivery.wire.codec import encode
from delivery.wire.frames import Person

#: What Redis may take: connecting, and answering. Together they stay under 100 ms.
PATIENCE_SECONDS = 0.045
#: Channels of which it is remembered at which version they were missed last.
MOST_MISSED = 10_000
#: In an entry, what comes before the messages: head, unnumbered, and the rest of what is known of them.
HEADINGS = 3

_STORE = script(__file__, "store_recent.lua")

# One statement, so one snapshot. The names are those of the entry's senders, each as one string.
_PROOF = """
SELECT channels.head, COALESCE(settled.unnumbered, 0), COALESCE((
    SELECT client_msg_id || ' ' || xmin FROM messages WHERE channel_id = channels.id AND rev = channels.head
), ''), ARRAY(
    SELECT id || ' ' || username || ' ' || display_name FROM users WHERE id = ANY(%s) ORDER BY id
) FROM channels LEFT JOIN channels_settled AS settled ON settled.channel_id = channels.id WHERE channels.id = %s
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """What an entry was made of."""

    head: int
    unnumbered: int
    mark: str
    names: list[str]

    @property
    def version(self) -> tuple[int, int]:
        """Only grows, but for a database that went back."""
        return self.head, self.unnumbered


class Heading(msgspec.Struct, frozen=True, array_like=True):
    """What is known of an entry's messages."""

    mark: str
    names: list[str]
    senders: list[int]
    #: Whether nothing older exists.
    is_all: bool
    count: int
    last_at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest messages of a channel as they were at one moment, newest first."""

    proof: Proof
    heading: Heading
    raws: Sequence[bytes]


class RecentCache:
    """Thread-safe. Whatever Redis does, a caller waits for less than 100 ms, and once a second at most."""

    def __init__(self, redis_url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience = patience_seconds
        self._redis = client(redis_url, patience_seconds=patience_seconds, is_brief=True)
        self._store = self._redis.register_script(_STORE)
        self._breaker = Breaker("redis_cache", failures=1, pause_seconds=1)
        self._missed: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def newest(
        self, channel: int, count: int, *, condition: prepared_sql.Condition | None = None
    ) -> tuple[Sequence[bytes], bool] | None:
        """At most `count` messages, newest first, and whether there are older ones; exactly what PostgreSQL holds now.

        None when it can't be had from here. What is missed for the second time is put in for the next reader. Raises what the
        condition raises.
        """
        entry = self._read(channel, count)
        proof = prove(channel, entry.heading.senders if entry else [], condition=condition)
        if entry is not None and proof == entry.proof:
            metrics.cache_reads.labels("hit").inc()
            return entry.raws[:count], entry.heading.count > count or not entry.heading.is_all
        metrics.cache_reads.labels("miss").inc()
        if proof is not None and self._breaker.is_closed:
            if entry is not None and entry.proof.version > proof.version:
                # It was read before the rows were: they have gone back (a restored backup), and it would refuse all others.
                self.forget(channel)
            if self._is_missed_again(channel, proof):
                self.rebuild(channel)
        return None

    def rebuild(self, channel: int) -> bool:
        """Puts in what PostgreSQL holds now; whether that is in there then (else Redis is away, or it changed meanwhile)."""
        entry = snapshot(channel)
        return entry is not None and self.put(channel, entry)

    def put(self, channel: int, entry: Snapshot) -> bool:
        """False when a newer one stands there already, or Redis does not take it."""
        proof = entry.proof
        elements = [msgspec.msgpack.encode(entry.heading), *entry.raws]
        arguments: list[int | bytes] = [proof.head, proof.unnumbered, _milliseconds(entry.heading), *elements]
        try:
            with self._breaker.attempt(counts=REDIS_AWAY):
                return bool(self._store(keys=[_key(channel)], args=arguments))
        except (BreakerOpen, *REDIS_AWAY):
            return False

    def forget(self, channel: int) -> None:
        """The next reader finds nothing, if Redis takes it."""
        with contextlib.suppress(BreakerOpen, *REDIS_AWAY), self._breaker.attempt(counts=REDIS_AWAY):
            self._redis.delete(_key(channel))

    def _read(self, channel: int, count: int) -> Snapshot | None:
        began_at = time.monotonic()
        try:
            with self._breaker.attempt(counts=REDIS_AWAY):
                found = self._redis.lrange(_key(channel), 0, HEADINGS + count - 1)
                if time.monotonic() - began_at > 2 * self._patience:
                    raise TimeoutError
        except (BreakerOpen, *REDIS_AWAY):
            metrics.cache_reads.labels("error").inc()
            return None
        return _entry(found)

    def _is_missed_again(self, channel: int, proof: Proof) -> bool:
        # A channel that changes between two reads would only be written, never read.
        with self._lock:
            is_again = self._missed.pop(channel, None) == proof.version
            self._missed[channel] = proof.version
            if len(self._missed) > MOST_MISSED:
                self._missed.popitem(last=False)
        return is_again


def prove(channel: int, senders: Sequence[int], *, condition: prepared_sql.Condition | None = None) -> Proof | None:
    """What an entry of this channel has to carry now; None for a channel that does not exist. Raises what the condition raises."""
    for head, unnumbered, mark, names in prepared_sql.rows(_PROOF, [list(senders), channel], condition=condition):
        return Proof(head, unnumbered, mark, names)
    return None


def snapshot(channel: int) -> Snapshot | None:
    """The channel's entry from the rows; None when something changed while they were read."""
    before = prove(channel, [])
    most = settings.LIMITS.recent_messages
    rows, _ = beside("channel_id", channel, ids.MOST, older=most + 1)
    kept = rows[:most]
    people = {row.sender_id: row.sender for row in kept}
    names = [f"{pk} {people[pk].username} {people[pk].display_name}" for pk in sorted(people)]
    # Numbers only grow: whatever was committed in between would show.
    if before is None or prove(channel, sorted(people)) != replace(before, names=names):
        return None
    heading = Heading(
        mark=before.mark,
        senders=sorted(people),
        names=names,
        is_all=len(rows) <= most,
        count=len(kept),
        last_at=max((row.created_at for row in kept), default=None),
    )
    return Snapshot(replace(before, names=names), heading, [encode(shapes.message_of(row)) for row in kept])


def _entry(found: Sequence[Any]) -> Snapshot | None:
    if len(found) < HEADINGS:
        return None
    head, unnumbered, packed, *raws = found
    heading = msgspec.msgpack.decode(packed, type=Heading)
    return Snapshot(Proof(int(head), int(unnumbered), heading.mark, heading.names), heading, raws)


def _milliseconds(heading: Heading) -> int:
    limits = settings.LIMITS
    active = datetime.timedelta(seconds=limits.recent_active_seconds)
    is_active = heading.last_at is not None and clock.now() - heading.last_at < active
    return 1000 * (limits.recent_active_seconds if is_active else limits.recent_idle_seconds)


def _key(channel: int) -> str:
    return key("recent", f"{_SPELLING:x}", channel)


# Another release may spell messages differently: it does not read what this one wrote.
_SPELT = [kind.__struct_fields__ for kind in (shapes.Message, Person, Heading)]
_READ = [field.name for field in Message._meta.fields]
_SPELLING = zlib.crc32(repr((_SPELT, _READ)).encode())


recent = RecentCache(settings.REDIS_URL)

"""The recent cache equals PostgreSQL, whatever happened to Redis and to writes to it; else it returns nothing."""

import datetime
import itertools
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.conf import settings as django_settings
from django.db import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chat import clock, services
from chat.models import Channel, Message, MessageVersion
from chat.reads import cache, history
from chat.reads.cache import RecentCache, Snapshot, snapshot
from chat.services import log
from delivery import metrics
from tests.conftest import Cast, said

pytestmark = pytest.mark.django_db(transaction=True)

_names = itertools.count()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> RecentCache:
    """A cache that waits for Redis however busy the machine is."""
    patient = RecentCache(django_settings.REDIS_URL, patience_seconds=5)
    monkeypatch.setattr(history, "recent", patient)
    return patient


def reads(result: str) -> float:
    return metrics.cache_reads.labels(result)._value.get()


class Recent(RuleBasedStateMachine):
    """Two processes that read and write one channel; what one has read it may write much later, or never."""

    @initialize()
    def open(self) -> None:
        self.original, log.announcing.announce = log.announcing.announce, lambda announcements: None
        number = next(_names)
        self.people = [services.create_user(f"{name}-{number}") for name in ("alice", "bob")]
        self.channel = services.open_channel(self.people[0], name="recent", kind="private", members=self.people[1:])
        self.processes = [RecentCache(django_settings.REDIS_URL, patience_seconds=5) for _ in range(2)]
        self.late: list[Snapshot] = []

    def teardown(self) -> None:
        log.announcing.announce = self.original
        connections.close_all()

    @rule(who=st.integers(0, 1), count=st.integers(1, 8))
    def say(self, who: int, count: int) -> None:
        for n in range(count):
            said(self.people[who], self.channel, f"{n}")

    @rule(pick=st.integers(0, 200), is_edit=st.booleans())
    def change(self, pick: int, is_edit: bool) -> None:
        rows = list(Message.objects.filter(channel=self.channel, kind="text", deleted_at=None))
        if rows:
            row = rows[pick % len(rows)]
            author = next(user for user in self.people if user.pk == row.sender_id)
            if is_edit:
                services.edit_message(author, channel=self.channel.pk, message=row.pk, body=f"{uuid.uuid4()}")
            else:
                services.delete_message(author, channel=self.channel.pk, message=row.pk)

    @rule(who=st.integers(0, 1), behind=st.integers(0, 5), is_read=st.booleans())
    def acknowledge(self, who: int, behind: int, is_read: bool) -> None:
        head = Channel.objects.get(pk=self.channel.pk).head
        seq = max(0, head - behind)
        services.move_cursors({(self.channel.pk, self.people[who].pk): (seq, seq if is_read else 0)})

    @rule(who=st.integers(0, 1), name=st.text("ab", min_size=1, max_size=2))
    def rename(self, who: int, name: str) -> None:
        services.rename_user(self.people[who], display_name=name)

    @rule(pick=st.integers(0, 200))
    def take_away(self, pick: int) -> None:
        """What no verb does, but a retention or somebody at the database's console may."""
        rows = Message.objects.filter(channel=self.channel).values_list("pk", flat=True)
        if rows:
            chosen = rows[pick % len(rows)]
            MessageVersion.objects.filter(message=chosen).delete()
            Message.objects.filter(pk=chosen).delete()

    @rule()
    def evict(self) -> None:
        self.processes[0].forget(self.channel.pk)

    @rule()
    def read_rows_and_write_them_later(self) -> None:
        entry = snapshot(self.channel.pk)
        assert entry is not None
        self.late.append(entry)

    @precondition(lambda self: self.late)
    @rule(pick=st.integers(0, 20), process=st.integers(0, 1))
    def write_late(self, pick: int, process: int) -> None:
        self.processes[process].put(self.channel.pk, self.late.pop(pick % len(self.late)))

    @rule(process=st.integers(0, 1), count=st.integers(1, 30))
    def read(self, process: int, count: int) -> None:
        rows = list(Message.objects.filter(channel=self.channel).for_the_wire().order_by("-seq"))
        spelled = history._spelled(rows)
        for _ in range(3):
            found = self.processes[process].newest(self.channel.pk, count)
            assert found is None or found == (spelled[:count], len(spelled) > count)
        assert found is not None, "nothing changes: by the third time it is there"

    @invariant()
    def is_equal(self) -> None:
        if hasattr(self, "processes"):
            found = self.processes[0].newest(self.channel.pk, 20)
            if found is not None:
                assert found[0] == history.newest_from_rows(self.channel.pk).raws


TestRecent = Recent.TestCase
TestRecent.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


def test_the_second_reader_hits_and_what_changes_is_missed(patient: RecentCache, cast: Cast) -> None:
    for n in range(25):
        said(cast.alice, cast.team, f"{n}")
    hits = reads("hit")
    pages = [history.page(cast.team.pk) for _ in range(4)]
    assert [page == history.newest_from_rows(cast.team.pk) for page in pages] == [True] * 4
    assert reads("hit") - hits == 2
    misses = reads("miss")
    said(cast.alice, cast.team, "new")
    assert b"new" in history.page(cast.team.pk).raws[0]
    services.read_channel(cast.bob, channel=cast.team.pk, seq=100)
    assert b'"status":"read"' in history.page(cast.team.pk).raws[0]
    assert reads("miss") - misses == 2


def test_an_older_entry_does_not_take_the_place_of_a_newer_one(patient: RecentCache, cast: Cast) -> None:
    older = snapshot(cast.team.pk)
    said(cast.alice, cast.team, "newer")
    newer = snapshot(cast.team.pk)
    assert older is not None
    assert newer is not None
    assert [patient.put(cast.team.pk, entry) for entry in (newer, older, newer)] == [True, False, True]


def test_a_log_that_went_back_is_not_held_up_by_what_was_kept_of_it(patient: RecentCache, cast: Cast) -> None:
    entry = snapshot(cast.team.pk)
    assert entry is not None
    patient.put(cast.team.pk, replace(entry, proof=replace(entry.proof, head=1000)))
    assert [history.page(cast.team.pk).raws for _ in range(3)] == [entry.raws] * 3
    assert patient.newest(cast.team.pk, 20) == (entry.raws, False)


@pytest.mark.holds("recent_messages")
@pytest.mark.parametrize(("said_of_all", "is_all"), [(98, True), (99, False)])
def test_the_last_hundred_are_kept(patient: RecentCache, cast: Cast, said_of_all: int, is_all: bool) -> None:
    # Two system messages are there already: somebody opened the channel and added somebody.
    drafts = [
        services.Draft(channel=cast.team.pk, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body=f"{n}")
        for n in range(said_of_all)
    ]
    services.post_messages(drafts)
    assert patient.rebuild(cast.team.pk)
    raws, has_older = patient.newest(cast.team.pk, 200) or ([], None)
    assert (len(raws), has_older) == (100, not is_all)


@pytest.mark.holds("recent_active_seconds", "recent_idle_seconds")
@pytest.mark.parametrize(("minutes", "seconds"), [(59, 3600), (61, 900)])
def test_an_entry_lives_an_hour_after_activity_else_a_quarter(
    patient: RecentCache, cast: Cast, minutes: int, seconds: int, standing_clock: datetime.datetime
) -> None:
    with clock.at(clock.now() - datetime.timedelta(minutes=minutes)):
        said(cast.alice, cast.team, "the last word")
    Message.objects.filter(kind="system").delete()
    patient.rebuild(cast.team.pk)
    left = patient._redis.pttl(cache._key(cast.team.pk))
    assert seconds * 1000 - 5000 < left <= seconds * 1000


def test_a_redis_that_does_not_answer_costs_a_tenth_of_a_second_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        deaf = RecentCache(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr(history, "recent", deaf)
        errors = reads("error")
        took = [timed(lambda: history.page(cast.team.pk)) for _ in range(4)]
    assert reads("error") - errors == 4
    assert took[0] - took[1] < 0.1
    assert max(took[1:]) < 0.04


def timed(work: Callable[[], object]) -> float:
    began_at = time.perf_counter()
    work()
    return time.perf_counter() - began_at

"""When a fault is logged: at its beginning, each minute, at its end; once a minute if it comes and goes."""

import pytest

from chatproject import fault_episodes
from chatproject.fault_filter import FaultFilter
from tests.stage.fault_records import moving, of_redis, record, said_by


def test_a_fault_that_lasts_is_a_line_each_minute_and_one_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = moving(monkeypatch)
    outage = FaultFilter()
    heard = []
    for _ in range(70):
        outage.filter(of_redis())
        heard += said_by(outage)
        moved(1)
    assert heard == ["Redis is still away for 62 s now; 61 more lines of it were not written (gapless.any 61)"]
    moved(fault_episodes.QUIET_SECONDS)
    assert said_by(outage) == [
        "Redis was away for 69 s: nothing more is heard of it; 7 more lines of it were not written (gapless.any 7)"
    ]


def test_what_was_one_line_when_it_came_has_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = moving(monkeypatch)
    outage = FaultFilter()
    assert outage.filter(record("could not be stored", away="the storage of files"))
    moved(fault_episodes.QUIET_SECONDS)
    assert said_by(outage) == []
    assert outage.filter(record("could not be stored", away="the storage of files")) is False, "it is back"
    moved(fault_episodes.AGAIN_SECONDS)
    assert len(said_by(outage)) == 1


def test_what_is_over_before_it_could_be_said_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = moving(monkeypatch)
    outage = FaultFilter()
    assert [outage.filter(of_redis()) for _ in range(2)] == [False, False]
    moved(fault_episodes.QUIET_SECONDS)
    assert said_by(outage) == [
        "Redis was away: Redis carries no announcements; 1 more lines of it were not written (gapless.any 1)"
    ]


def test_what_was_kept_is_said_when_the_process_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    moving(monkeypatch)
    outage = FaultFilter()
    outage.filter(of_redis())
    outage.say_what_was_kept()
    assert caplog.messages == ["Redis is away: Redis carries no announcements"]


def test_a_fault_that_comes_and_goes_is_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = moving(monkeypatch)
    outage = FaultFilter()
    heard: list[str] = []
    for _ in range(6):
        outage.filter(of_redis())
        moved(fault_episodes.QUIET_SECONDS)
        heard += said_by(outage)
    assert heard == [
        "Redis was away: Redis carries no announcements",
        "Redis was away again 3 times: Redis carries no announcements",
    ]
    moved(fault_episodes.AGAIN_SECONDS)
    outage.filter(of_redis())
    assert len(said_by(outage)) == 0, "it may be over at once"
    moved(fault_episodes.LASTING_SECONDS)
    outage.filter(of_redis())
    [line] = said_by(outage)
    assert line.startswith("Redis is away again 3 times for 10 s now")
    moved(fault_episodes.QUIET_SECONDS)
    assert said_by(outage) == ["Redis was away again for 10 s: nothing more is heard of it"], (
        "what was said to be there"
    )
    moved(fault_episodes.LATELY_SECONDS)
    outage.filter(of_redis())
    moved(fault_episodes.MOMENT_SECONDS)
    assert outage.filter(of_redis()), "long afterwards it is another one"


def test_why_nobody_is_let_in_is_the_reason_that_is_said_or_a_second_line(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = moving(monkeypatch)

    def says(outage: FaultFilter, words: str) -> str:
        line = record(words, "it", name="psycopg.pool")
        return line.getMessage() if outage.filter(line) else ""

    outage = FaultFilter()
    assert not any(says(outage, words) for words in ("discarding closed connection: %s", "error connecting in %s"))
    moved(fault_episodes.MOMENT_SECONDS)
    assert says(outage, "any: %s") == "PostgreSQL is away for 2 s: error connecting in it"

    late = FaultFilter()
    assert not says(late, "discarding closed connection: %s")
    moved(fault_episodes.MOMENT_SECONDS)
    assert says(late, "any: %s") == "PostgreSQL is away for 2 s: discarding closed connection: it"
    told = [says(late, "error connecting in %s") for _ in range(2)]
    assert told == ["PostgreSQL is away for 2 s: error connecting in it", ""]

"""The instrument's own promises: it ends, it forgives a busy machine as much as that is late, and it sees what grows."""

import asyncio
import dataclasses
from typing import Any

import pytest

from tests.faults import interruptions, matrix
from tests.faults.catalogue import PAGE, renewed
from tests.faults.history import Command, History
from tests.faults.interruptions import Interruptions
from tests.faults.machine_speed import WAKINGS, Metronome
from tests.faults.notes import Notes
from tests.faults.outbox import Outbox, Unanswered
from tests.faults.recovery import percentile
from tests.faults.scenarios import SCENARIOS, SHORT, perform
from tests.faults.soak import Gauge, too_much
from tests.faults.wire import Change, Push

pytestmark = pytest.mark.fast

HOUR = 3600.0


class Stuck:
    """A cluster that never comes to anything."""

    async def company(self, **sizes: int) -> Any:
        await asyncio.sleep(HOUR)

    async def mend(self) -> None: ...


async def test_a_scenario_that_hangs_ends_and_says_where_it_stood() -> None:
    size = dataclasses.replace(SHORT, most=0.1)
    report, _ = await perform(Stuck(), SCENARIOS["kill nine"], size)  # type: ignore[arg-type]
    [finding] = report.findings
    assert "did not end within" in finding.sentence
    assert any("Stuck.company" in line for line in finding.evidence)


def test_what_climbs_is_said_and_what_is_flat_is_not() -> None:
    minutes = [60.0 * n for n in range(60)]
    flat = Gauge(minutes, [100 + n % 5 for n in range(60)])
    climbing = Gauge(minutes, [100 + n for n in range(60)])
    assert not too_much("memory_mib", flat)
    assert "59.0" in too_much("memory_mib", climbing)
    assert round(climbing.an_hour) == 60
    # What fills up while it is warming is not a leak.
    assert not too_much("memory_mib", Gauge(minutes, [100 + 5 * min(n, 15) for n in range(60)]).warm)


async def test_a_bound_is_forgiven_by_as_much_as_the_machine_is_late() -> None:
    metronome = Metronome()
    beating = asyncio.ensure_future(metronome.beat())
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.1)
    begin = loop.time()
    while loop.time() < begin + 0.3:
        pass
    await asyncio.sleep(0.1)
    end = loop.time()
    beating.cancel()
    assert metronome.allowance(begin, end, seconds=0) > WAKINGS * 0.2
    assert metronome.allowance(end + 1, end + 2, seconds=1) == 0


def test_the_matrix_names_who_notices_and_who_notices_nothing() -> None:
    table = matrix.table({"": {"a": [], "b": []}, "no dedup": {"a": ["twice"], "b": []}})
    assert "| no dedup | a (twice) |" in table
    assert "Noticed nothing: b" in table


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 3.0
    assert percentile([1.0], 99) == 1.0
    assert percentile([], 99) == 0.0


def test_the_documentation_has_the_scenarios_as_they_are() -> None:
    assert renewed(PAGE.read_text()) == PAGE.read_text(), "bin/faults --table renews it"
    assert all(scenario.play.__doc__ for scenario in SCENARIOS.values())


@pytest.mark.parametrize(("body", "rev", "code"), [("said", 7, ""), ("edited", 9, ""), ("another's", 7, "other")])
async def test_a_repeated_message_that_was_edited_meanwhile_is_the_same_and_another_is_not(
    body: str, rev: int, code: str
) -> None:
    history = History()
    outbox = Outbox(Notes(history, client="a", user=1), window=1)
    draft = Unanswered(5, "said")
    outbox.add(draft)
    outbox.open(lambda op, **fields: 1)
    answer = Change(rev=rev, seq=7, client_msg_id=draft.key, sender={"id": 1}, kind="text", body=body)
    outbox.take(Push(op="ok", ref=1, message=answer, duplicate=True))
    assert [command.code for command in history.of(Command)] == ["", code]


def test_overlapping_interruptions_count_once_and_only_from_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr(interruptions.time, "monotonic", lambda: moment[0])
    link = Interruptions()
    for at, name, is_under_way in [
        (10, "stopped", True), (12, "stalled", True), (13, "stopped", False), (15, "stalled", False),
    ]:  # fmt: skip
        moment[0] = at
        link.set(name, is_under_way=is_under_way)
    moment[0] = 20
    assert [link.seconds_since(since) for since in (0, 12, 14, 15, 19)] == [5, 3, 1, 0, 0]
    link.set("stalled", is_under_way=True)
    link.set("stalled", is_under_way=True)
    moment[0] = 24
    assert link.seconds_since(14) == 1 + 4

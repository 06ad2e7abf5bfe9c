"""A web process whose loop takes no turns is replaced; one that is slow, and one that stands still with everything else, is not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest

from chatproject.limits import Limits
from chatproject.serving import watch
from chatproject.serving.supervisor import Supervisor
from chatproject.serving.watch import Watch
from tests.stage.servers import Server, expect
from tests.stage.supervising import TINY, Knocking, said_in, supervised, until

HUNG = 10.0


class Process:
    """As its parent sees it."""

    def __init__(self, pid: int = 0) -> None:
        self.pid = pid or id(self)
        self.has_come_up = True
        self.takes_turns = True

    def has_been_heard(self) -> bool:
        return self.takes_turns


class Time:
    """The parent's, which is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(watch, "time", clock)
    return clock


def found(clock: Time, processes: list[Process], *, seconds: float) -> list[Process]:
    """Who hangs after the parent has looked at them for so long, ten times a second."""
    looks: Any = Watch(hung_seconds=HUNG)
    hung: list[Process] = []
    for _ in range(round(seconds * 10)):
        clock.now += 0.1
        hung = looks.hung(processes)
    return hung


@pytest.mark.fast
@pytest.mark.holds("hung_seconds")
def test_who_takes_no_turn_for_so_long_hangs_and_nobody_does_sooner(clock: Time) -> None:
    well, frozen = Process(), Process()
    frozen.takes_turns = False
    assert found(clock, [well, frozen], seconds=HUNG - 0.2) == []
    assert found(clock, [well, frozen], seconds=HUNG + 0.2) == [frozen]
    assert Limits().hung_seconds == 30


@pytest.mark.fast
def test_the_only_one_hangs_as_well(clock: Time) -> None:
    only = Process()
    assert found(clock, [only], seconds=2 * HUNG) == []
    only.takes_turns = False
    assert found(clock, [only], seconds=HUNG + 0.2) == [only]


@pytest.mark.fast
def test_when_none_of_several_takes_its_turns_it_is_the_machine(clock: Time) -> None:
    processes = [Process(), Process()]
    for process in processes:
        process.takes_turns = False
    assert found(clock, processes, seconds=3 * HUNG) == []


@pytest.mark.fast
def test_who_has_not_come_up_yet_does_not_hang(clock: Time) -> None:
    well, comes = Process(), Process()
    comes.has_come_up = comes.takes_turns = False
    assert found(clock, [well, comes], seconds=3 * HUNG) == []


@pytest.mark.fast
def test_time_in_which_the_parent_stood_still_too_says_nothing(clock: Time) -> None:
    well, slow = Process(), Process()
    slow.takes_turns = False
    looks: Any = Watch(hung_seconds=HUNG)
    looks.hung([well, slow])
    # The machine was suspended for an hour: the process that continues first is no different from the others.
    clock.now += 3600
    assert looks.hung([well, slow]) == []
    slow.takes_turns = True
    looks.hung([well, slow])
    clock.now += HUNG - 1
    assert looks.hung([well, slow]) == []


@pytest.fixture
def stopped_by_a_debugger() -> Iterator[subprocess.Popen[bytes]]:
    traced = "import ctypes, os; ctypes.CDLL(None).ptrace(0, 0, 0, 0); os.kill(os.getpid(), 19)"
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", traced])
    yield process
    # Popen takes the stop of a child that is traced for its end, and would kill it no more.
    os.kill(process.pid, signal.SIGKILL)
    psutil.Process(process.pid).wait()


@pytest.mark.fast
def test_who_is_stopped_by_a_debugger_is_left_alone(
    clock: Time, stopped_by_a_debugger: subprocess.Popen[bytes]
) -> None:
    looked_at = Process(stopped_by_a_debugger.pid)
    until(lambda: psutil.Process(looked_at.pid).status() in (psutil.STATUS_TRACING_STOP, psutil.STATUS_STOPPED))
    looked_at.takes_turns = False
    assert found(clock, [Process(), looked_at], seconds=3 * HUNG) == []


def test_one_that_hangs_is_killed_and_another_takes_its_place(port: int, log: pytest.LogCaptureFixture) -> None:
    def scenario(supervisor: Supervisor) -> None:
        with Knocking(port) as knocking:
            until(lambda: len(knocking.answered_by()) == 2)
            frozen, well = sorted(knocking.answered_by())
            os.kill(int(frozen), signal.SIGSTOP)
            until(lambda: said_in(log, f"web process {frozen} hangs"))
            knocking.answers.clear()
            until(lambda: len(knocking.answered_by()) == 2)
            assert knocking.answered_by() & {frozen, well} == {well}

    supervised(port, scenario, successor=TINY, hung_seconds=0.5)


@pytest.mark.by_hand
async def test_a_real_one_that_stands_still_is_replaced_and_the_other_goes_on(
    own_server: Callable[..., Server],
) -> None:
    server = own_server(arguments=("serve", "--workers", "2"), GAPLESS_LIMIT_HUNG_SECONDS="5")
    assert server.process is not None
    parent = psutil.Process(server.process.pid)
    await expect(lambda: server.log.read_text().count('"serves"') == 2)
    frozen, well = [child.pid for child in parent.children()]
    began_at = time.monotonic()
    os.kill(frozen, signal.SIGSTOP)
    await expect(lambda: "hangs: its loop took no turn for 5 s" in server.log.read_text(), within=30)
    print(f"killed after {time.monotonic() - began_at:.1f} s")
    await expect(lambda: len({child.pid for child in parent.children()} - {frozen, well}) == 1, within=30)
    await expect(lambda: server.log.read_text().count('"serves"') == 3, within=60)
    print(f"replaced after {time.monotonic() - began_at:.1f} s")
    assert well in {child.pid for child in parent.children()}
    assert httpx.get(f"{server.url}/healthz", trust_env=False).is_success

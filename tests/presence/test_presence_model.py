"""Presence as a model: four people, several sockets, two processes, in whatever order they come, go, choose, and Redis forgets."""

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

import pytest
from django.db import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chat import services
from tests.stage.presence_stage import Device, Process, Stage

pytestmark = pytest.mark.django_db(transaction=True)
_names = itertools.count()

PEOPLE = st.integers(0, 3)
PROCESSES = st.integers(0, 1)


class Presences(RuleBasedStateMachine):
    """What everybody sees of everybody, once it has settled, is what the model says."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        number = next(_names)
        self.people = [services.create_user(f"p{number}-{n}") for n in range(4)]
        services.open_channel(self.people[0], name="model", kind="private", members=self.people[1:])
        self.stage = self.run(_stage())
        self.processes = [self.run(_start(self.stage)) for _ in range(2)]
        self.devices: list[tuple[Process, Device]] = []
        self.chosen = ["online"] * 4
        self.idle: dict[Device, bool] = {}
        for who, where in ((0, 0), (0, 0), (1, 0), (1, 1), (2, 0), (3, 1)):
            self.come(who, where)
        # Two people have one device idle and one that is not, in one process and in two: nobody is away for that.
        for place in (0, 2):
            self.idle_or_not(place, True)

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.settle()
        finally:
            for process in self.processes:
                self.run(process.close())
            left = asyncio.all_tasks(self.loop)
            self.loop.close()
            connections.close_all()
        assert not left, "a process leaves tasks behind"

    @precondition(lambda self: len(self.devices) < 10)
    @rule(who=PEOPLE, where=PROCESSES)
    def come(self, who: int, where: int) -> None:
        device = self.run(self.processes[where].enter(self.people[who]))
        self.devices.append((self.processes[where], device))
        self.idle[device] = False

    @precondition(lambda self: self.devices)
    @rule(pick=st.integers(0, 9))
    def go(self, pick: int) -> None:
        process, device = self.devices.pop(pick % len(self.devices))
        self.run(process.leave(device))

    @precondition(lambda self: self.devices)
    @rule(pick=st.integers(0, 9), is_idle=st.booleans())
    def idle_or_not(self, pick: int, is_idle: bool) -> None:
        process, device = self.devices[pick % len(self.devices)]
        process.presence.told_idle(device.socket, is_idle=is_idle)
        self.idle[device] = is_idle

    @rule(who=PEOPLE, where=PROCESSES, status=st.sampled_from(["online", "away", "busy", "invisible"]))
    def choose(self, who: int, where: int, status: str) -> None:
        # Through whichever process: the person may be connected to the other alone, which then reads it with its next beat.
        self.run(self.processes[where].choose(self.people[who], status=status))
        self.chosen[who] = status

    @rule()
    def forget(self) -> None:
        self.run(self.stage.flush_redis())

    @rule(seconds=st.sampled_from([0.5, 1, 3, 6]))
    def wait(self, seconds: float) -> None:
        self.run(self.stage.pass_time(seconds))

    @rule(where=PROCESSES)
    def kill(self, where: int) -> None:
        # Its people come back elsewhere, or do not.
        self.run(self.stage.kill(self.processes[where]))
        for place, device in self.devices:
            device.has_left = device.has_left or place is self.processes[where]
        self.devices = [(place, device) for place, device in self.devices if place is not self.processes[where]]
        self.processes[where] = self.run(_start(self.stage))

    @rule()
    def settle(self) -> None:
        # A killed process is believed for 75 s, and what was chosen elsewhere is read with the next beat.
        self.run(self.stage.pass_time(80, step=2))
        for _, device in self.devices:
            for who, person in enumerate(self.people):
                expected = self.expected(who, to_themselves=device.user.pk == person.pk)
                assert device.sees(person) == expected, f"{device.user} sees {person}"

    def expected(self, who: int, *, to_themselves: bool) -> str:
        own = [device for _, device in self.devices if device.user.pk == self.people[who].pk]
        if not own:
            return "offline"
        if self.chosen[who] == "invisible":
            return "invisible" if to_themselves else "offline"
        is_away = self.chosen[who] == "online" and all(self.idle[device] for device in own)
        return "away" if is_away else self.chosen[who]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)


async def _stage() -> Stage:
    return Stage()


async def _start(stage: Stage) -> Process:
    return stage.start()


TestPresences = Presences.TestCase
TestPresences.settings = settings(
    max_examples=20,
    stateful_step_count=15,
    deadline=None,
    # The same examples in every run: what is found does not depend on luck.
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestPresences.pytestmark = pytestmark

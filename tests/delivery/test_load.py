"""The load test: the violations that it finds, and a run through real sockets to one verdict."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import psutil
import pytest
from django.core.management import CommandError, call_command

from chat import services
from chat.models import AuditEntry, Channel, Member, Message, SettledUpTo, Token, User
from chat.tools.measuring_accounts import (
    ClientAccounts,
    delete_measuring_accounts,
    make_client_accounts,
    make_probe_accounts,
)
from delivery.load.generators import Generators
from delivery.load.lag import STEP_SECONDS, Lag
from delivery.load.run import blame
from delivery.load.tally import Findings, Tally, quantiles
from tests.conftest import Cast, in_thread, said
from tests.stage.ports import free_port
from tests.stage.servers import ROOT, Server, expect

WHOLE = [("a", 1), ("b", 2), ("c", 3)]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("heard", "findings"),
    [
        (WHOLE, Findings(lost=0, doubled=0, disordered=0, different=0)),
        ([("a", 1), ("c", 3)], Findings(lost=1, doubled=0, disordered=0, different=0)),
        ([("a", 1), ("b", 2), ("b", 2), ("c", 3)], Findings(lost=0, doubled=1, disordered=0, different=0)),
        ([("b", 2), ("a", 1), ("c", 3)], Findings(lost=0, doubled=0, disordered=1, different=0)),
        ([("a", 1), ("x", 2), ("c", 3)], Findings(lost=0, doubled=0, disordered=0, different=1)),
        ([], Findings(lost=3, doubled=0, disordered=0, different=0)),
    ],
)
def test_what_must_not_be_is_noticed_by_number(heard: list[tuple[str, int]], findings: Findings) -> None:
    # Two processes of the load test: the second one's client did not send, and hears what is tried.
    here, there = Tally(), Tally()
    whole, other = here.receiver(7), there.receiver(7)
    for name, number in WHOLE:
        here.send(name, channel_id=7, at=number)
        here.answered(name, number=number, at=number + 0.1)
        here.hear(whole, name=name, number=number, at=number + 0.2)
    for name, number in heard:
        there.hear(other, name=name, number=number, at=number + 0.5)
    tally = Tally.together([here, there])
    assert tally.findings() == findings
    assert findings.is_clean == (heard == WHOLE)
    assert len(tally.latencies()) == (3 if heard in (WHOLE, WHOLE[::-1]) else len(tally.latencies()))


@pytest.mark.fast
def test_the_last_receiver_counts_and_one_that_was_cut_off_does_not() -> None:
    tally = Tally()
    first, last, cut = tally.receiver(1), tally.receiver(1), tally.receiver(1)
    cut.is_steady = False
    tally.send("a", channel_id=1, at=10.0)
    tally.answered("a", number=1, at=10.1)
    for heard, at in ((first, 10.2), (last, 10.5), (cut, 19.0)):
        tally.hear(heard, name="a", number=1, at=at)
    assert tally.latencies() == [(10.0, 0.5)]


@pytest.mark.fast
def test_the_last_receiver_of_all_processes_counts() -> None:
    tallies = [Tally(), Tally(), Tally()]
    tallies[0].send("a", channel_id=1, at=10.0)
    tallies[0].answered("a", number=1, at=10.1)
    for tally, at in zip(tallies[:2], (10.5, 10.2), strict=True):
        tally.hear(tally.receiver(1), name="a", number=1, at=at)
    deaf = tallies[2].receiver(1)
    assert Tally.together(tallies).latencies() == [], "one has not heard it"
    tallies[2].hear(deaf, name="a", number=1, at=10.3)
    assert Tally.together(tallies).latencies() == [(10.0, 0.5)]


@pytest.mark.fast
def test_one_long_wait_of_an_event_loop_does_not_hide_behind_short_ones() -> None:
    lag = Lag()
    lag.note(due=10.0, now=10.001)
    lag.note(due=10.02, now=10.021 + 4 * STEP_SECONDS)
    assert [round(seconds, 3) for seconds in lag.seconds] == [0.001, 0.081, 0.061, 0.041, 0.021, 0.001]


@pytest.mark.fast
@pytest.mark.parametrize(("lag", "whose"), [(None, "server"), (24.0, "server"), (26.0, "generator")])
def test_whose_lateness_it_was_is_said(lag: float | None, whose: str) -> None:
    late, why = blame(lag, 100)
    assert late == whose
    assert ("says nothing of the server" in why) == (whose == "generator")


async def test_no_process_of_the_generator_stays() -> None:
    async with Generators(2) as crowd:
        first, second = crowd._processes
        await crowd.leave([])
        # Ctrl-C is for the process that gave the orders.
        first.send_signal(signal.SIGINT)
        await crowd.leave([])
        second.kill()
        with pytest.raises(ConnectionError, match="has ended"):
            async with asyncio.timeout(20):
                await crowd.leave([])
    assert (first.returncode, second.returncode) == (0, -signal.SIGKILL)


@pytest.mark.fast
def test_quantiles_are_in_milliseconds_and_nothing_has_none() -> None:
    assert quantiles(n / 1000 for n in range(1, 101)) == {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}
    assert set(quantiles([]).values()) == {None}


def test_five_tests_and_one_verdict(cast: Cast, server: Server, tmp_path: Path) -> None:
    said, report = StringIO(), tmp_path / "load.html"
    options = [
        "--yes",
        "--clients",
        "8",
        "--senders",
        "2",
        "--seconds",
        "2",
        "--churn",
        "25",
        "--p95",
        "5000",
        "--json",
    ]
    options += ["--generators", "2"]
    call_command("loadtest", *options, "--url", server.url, "--report", str(report), stdout=said)
    outcome = json.loads(said.getvalue())
    assert [test["name"] for test in outcome["tests"]] == [
        *("concurrent connections", "delivery latency", "reconnection", "ordering", "offline delivery")
    ]
    assert (outcome["passed"], outcome["late"]) == (True, None)
    assert outcome["figures"]["generators"]["processes"] == 2
    assert outcome["figures"]["answered"] == outcome["figures"]["sent"] == 20
    assert outcome["figures"]["returned_ms"]["max"] > 0, "some were cut off"
    assert not Token.objects.filter(name="load test").exists()
    assert not Channel.objects.filter(name__startswith="load test").exists()
    assert not User.objects.filter(username__startswith="loadtest").exists()
    page = report.read_text()
    assert page.count("<svg") >= 3
    assert "http" not in page.replace('"url"', ""), "nothing is loaded from anywhere"


def test_a_test_that_fails_is_the_exit_code(cast: Cast, server: Server) -> None:
    options = [
        "--yes",
        "--clients",
        "2",
        "--senders",
        "1",
        "--seconds",
        "1",
        "--churn",
        "0",
        "--p95",
        "0.001",
        "--json",
    ]
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("loadtest", *options, "--url", server.url, stdout=said)
    assert ended.value.code == 1
    outcome = json.loads(said.getvalue())
    assert [test["name"] for test in outcome["tests"] if not test["passed"]] == ["delivery latency"]
    # No event loop is on time to a quarter of a microsecond.
    assert outcome["late"] == "generator"


def test_what_a_running_server_takes_of_one_sender_is_not_exceeded(cast: Cast, server: Server) -> None:
    options = ["--yes", "--clients", "2", "--senders", "1", "--rate", "5", "--seconds", "13"]
    with pytest.raises(CommandError, match="takes 60 messages a minute of one sender"):
        call_command("loadtest", *options, "--url", server.url)


def test_without_a_server_it_says_so_in_one_sentence(cast: Cast) -> None:
    with pytest.raises(CommandError, match="Nothing answers at http://localhost:9"):
        call_command("loadtest", "--yes", "--clients", "2", "--senders", "1", "--url", "http://localhost:9")


# ---- what it leaves behind ----


@pytest.fixture
def alone(transactional_db: None) -> Iterator[Callable[..., psutil.Popen]]:
    """Starts a load test with a server of its own in a database without people; ends it with the test."""
    started: list[psutil.Popen] = []
    # As that of an installation beside it is.
    taken = socket.create_server(("127.0.0.1", 0))

    def start(*options: str) -> psutil.Popen:
        command = [sys.executable, "manage.py", "loadtest", "--clients", "4", "--senders", "1", *options]
        environ = {**Server().environ(), "PORT": str(free_port()), "METRICS_PORT": str(taken.getsockname()[1])}
        started.append(
            psutil.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )
        return started[-1]

    yield start
    taken.close()
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
        process.wait()


async def test_a_load_test_that_is_killed_takes_its_server_along_and_the_next_takes_its_accounts_away(
    alone: Callable[..., psutil.Popen],
) -> None:
    first = alone("--seconds", "600", "--processes", "2")
    speaking = Message.objects.filter(kind="text")
    await expect(lambda: in_thread(speaking.exists), within=60)
    family = first.children(recursive=True)
    assert any("serve" in process.cmdline() for process in family)
    assert all(await in_thread(lambda: [token.expires_at for token in Token.objects.filter(name="load test")]))
    assert await in_thread(delete_measuring_accounts) == 0, "it is running"
    first.kill()
    first.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, 45)
    assert alive == []
    await expect(lambda: in_thread(delete_measuring_accounts))
    assert await in_thread(nothing_is_left)


def nothing_is_left() -> bool:
    return not any(model.objects.exists() for model in (User, Channel, Member, Message, Token, SettledUpTo))


def test_prune_takes_away_what_a_killed_measurement_left_and_no_other(transactional_db: None) -> None:
    # As after kill -9: nobody holds its run.
    killed = [services.create_user(f"loadtest17-{number}") for number in range(2)]
    services.open_channel(killed[0], name="load test #0", kind="private", members=killed[1:])
    services.create_token(killed[1], name="load test")
    with make_probe_accounts(2) as places:
        call_command("prune", stdout=StringIO())
        assert list(User.objects.values_list("memberships__channel", flat=True)) == [places[0][1]]
        assert Token.objects.count() == 2
    assert nothing_is_left()


@pytest.mark.parametrize("ending", [ZeroDivisionError, KeyboardInterrupt])
def test_a_measurement_that_fails_or_is_interrupted_leaves_nothing(
    transactional_db: None, ending: type[BaseException]
) -> None:
    for making in (make_client_accounts(3, most=2, seconds=60), make_probe_accounts(2)):
        with pytest.raises(ending), making as places:
            _speak_and_end(places, ending)
    assert nothing_is_left()


def _speak_and_end(places: ClientAccounts, ending: type[BaseException]) -> None:
    said(User.objects.latest("pk"), Channel.objects.get(pk=places[-1][1]))
    raise ending


def test_what_the_staff_has_done_to_an_account_for_measuring_stays_in_the_audit_log(cast: Cast) -> None:
    with make_client_accounts(2, most=2, seconds=1):
        account = User.objects.filter(username__startswith="loadtest").latest("pk")
        services.ban_user(cast.sam, user=account.pk, reason="Who is this?")
    assert AuditEntry.objects.filter(whom=account, act="user.banned").exists()
    assert not User.objects.get(pk=account.pk).is_active


def test_a_load_test_never_speaks_as_a_person_who_has_a_name_like_its_own(cast: Cast) -> None:
    person = services.create_user("loadtest17-0", password="correct horse battery staple")
    with make_client_accounts(2, most=2, seconds=1):
        assert not Token.objects.filter(user=person).exists()
    assert User.objects.get(pk=person.pk).is_active


def test_nothing_is_measured_on_peoples_data_unasked(cast: Cast) -> None:
    with pytest.raises(CommandError, match="--yes"):
        call_command("loadtest", "--clients", "2", "--senders", "1")
    assert not User.objects.filter(username__startswith="loadtest").exists()

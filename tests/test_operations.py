"""The operator's commands."""

import datetime
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from chat import clock, services
from chat.cache import RecentCache, recent
from chat.management.commands import rebuild_cache
from chat.models import Channel, Message, Token, User
from chat.streams import descriptions
from tests.conftest import Cast, said, say
from tests.servers import ROOT, Server, database_url, free_port

pytestmark = pytest.mark.django_db(transaction=True)


def run(command: str, *arguments: str) -> Any:
    """What a command says with --json."""
    output = StringIO()
    call_command(command, *arguments, "--json", stdout=output)
    return json.loads(output.getvalue())


def test_fill_makes_channels_full_of_messages_in_one_log_each(cast: Cast) -> None:
    filled = run("fill", "300", "--channels", "3", "--people", "4", "--member", "vera")
    assert filled["messages"] == 300
    for channel in Channel.objects.filter(pk__in=filled["channels"]):
        numbers = list(Message.objects.filter(channel=channel).order_by("rev").values_list("seq", "rev"))
        assert numbers == [(number, number) for number in range(1, channel.head + 1)]
        times = list(Message.objects.filter(channel=channel, kind="text").order_by("seq").values_list("created_at"))
        assert times == sorted(times)
    assert [described["unread"] for described in descriptions(User.objects.get(username="vera"))] == [0, 0, 0]


@pytest.mark.parametrize("arguments", [("0",), ("10", "--people", "100"), ("10", "--member", "nobody")])
def test_fill_refuses_nonsense_in_one_sentence(cast: Cast, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("fill", *arguments)


# ---- prune ----


def test_prune_takes_away_what_is_old_and_leaves_what_must_stay(cast: Cast) -> None:
    with clock.at(clock.now() - datetime.timedelta(days=40)):
        old = [said_id(cast, f"old {n}") for n in range(5)]
    with clock.at(clock.now() - datetime.timedelta(days=9)):
        younger = said_id(cast, "younger")
    reported, changed, *gone = old
    services.report_message(cast.bob, channel=cast.team.pk, message=reported, reason="it is about me")
    services.delete_message(cast.alice, channel=cast.team.pk, message=changed)
    head = Channel.objects.get(pk=cast.team.pk).head

    assert run("prune", "--days", "30", "--dry-run")["messages"] == len(gone)
    assert run("prune")["messages"] == 0, "RETENTION_DAYS is 0"
    assert run("prune", "--days", "30")["messages"] == len(gone)
    left = set(Message.objects.filter(channel=cast.team, kind="text").values_list("pk", flat=True))
    assert left == {reported, changed, younger}
    assert Channel.objects.get(pk=cast.team.pk).head == head
    assert say(cast.alice, cast.team, "and on it goes").duplicate is False


def test_prune_keeps_what_may_have_to_be_replayed(cast: Cast) -> None:
    with pytest.raises(CommandError, match="At least 2 days"):
        call_command("prune", "--days", "1")


def said_id(cast: Cast, body: str) -> int:
    return int(json.loads(said(cast.alice, cast.team, body).raw)["id"])


# ---- probe_delivery ----


def test_the_probe_says_how_long_it_takes_through_the_real_path(cast: Cast, server: Server) -> None:
    for _ in range(2):
        found = run("probe_delivery", "--url", server.url, "--most", "20000")
        assert found["passed"] is True
        assert 0 < found["sent_to_received"] < 20_000
        assert 0 < found["back_to_caught_up"] < 20_000
    assert Channel.objects.filter(name="Probe").count() == 1, "every probe uses the same channel"
    assert not Token.objects.filter(user__username="probe").exists()


def test_a_probe_that_is_too_slow_and_one_without_a_server_have_exit_codes(cast: Cast, server: Server) -> None:
    with pytest.raises(SystemExit) as slow:
        run("probe_delivery", "--url", server.url, "--most", "0.001")
    assert slow.value.code == 1
    with pytest.raises(CommandError) as away:
        run("probe_delivery", "--url", "http://localhost:9")
    assert away.value.returncode == 2


# ---- doctor ----


def test_the_doctor_finds_nothing_wrong_with_the_embedded_services(cast: Cast) -> None:
    found = run("doctor")
    assert found["well"] is True
    about = {finding["about"] for finding in found["findings"]}
    assert about >= {"settings", "postgresql", "migrations", "connections", "indexes", "redis", "clocks", "disk"}
    assert all(finding["do"] for finding in found["findings"] if finding["state"] != "ok")


def test_the_doctor_says_what_is_wrong_and_what_to_do(cast: Cast, settings: Any) -> None:
    settings.WEB_WORKERS, settings.REDIS_URL = 30, "redis://localhost:9"
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json", stdout=output)
    assert ended.value.code == 1
    wrong = {
        finding["about"]: finding
        for finding in json.loads(output.getvalue())["findings"]
        if finding["state"] == "wrong"
    }
    assert set(wrong) == {"connections", "redis", "clocks"}
    assert "WEB_WORKERS" in wrong["connections"]["do"]
    assert "reached" in wrong["redis"]["do"]


# ---- rebuild_cache ----


def test_the_recent_cache_is_rebuilt_after_redis_was_emptied(cast: Cast) -> None:
    said(cast.alice, cast.team)
    idle = services.open_channel(cast.alice, name="idle")
    Message.objects.filter(channel=idle).update(created_at=clock.now() - datetime.timedelta(days=8))
    recent.forget(cast.team.pk)
    assert run("rebuild_cache") == {"channels": 1, "rebuilt": 1, "not_taken": 0}
    found = recent.newest(cast.team.pk, 20)
    assert found is not None
    assert b"hello" in found[0][0]
    assert run("rebuild_cache", "--all")["rebuilt"] == 2
    assert run("rebuild_cache", "--channel", str(idle.pk))["rebuilt"] == 1


def test_rebuilding_without_redis_is_an_exit_code(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild_cache, "recent", RecentCache("redis://localhost:9"))
    with pytest.raises(SystemExit) as ended:
        run("rebuild_cache", "--channel", str(cast.team.pk))
    assert ended.value.code == 1


# ---- a database without tables ----

#: Every command that needs tables, as an operator would give it; {url} is a running server's.
NEEDS_TABLES = (
    *("check_counts", "createuser ann --token", "createuser ann", "createsuperuser --noinput --username ann", "demo"),
    *("changepassword ann", "clearsessions", "fill 10 --channels 1 --people 2", "prune --days 30"),
    *("rebuild_cache", "rebuild_cache --all", "loadtest --clients 2 --senders 1 --url {url}"),
    *("probe_delivery --json --url {url}", "serve --workers 2"),
)
#: Runs each of its arguments as manage.py does, in one process, and prints what is said instead of a traceback.
EACH = """
import sys
from chatproject.start import StartError, prepare
for line in sys.argv[1:]:
    sys.argv = ["manage.py", *line.split()]
    try:
        prepare(sys.argv)
    except StartError as error:
        print("said:", error)
"""


@pytest.fixture
def bare_database(server: Server) -> Iterator[dict[str, str]]:
    """The environment of a command whose database has no tables."""
    name = "bare"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    settings_name = connection.settings_dict["NAME"]
    yield {**server.environ(), "PORT": str(free_port()), "DATABASE_URL": database_url().replace(settings_name, name)}
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_without_tables_every_command_says_what_to_do(server: Server, bare_database: dict[str, str]) -> None:
    def ended(*arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = {**bare_database, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )

    told = ended("-c", EACH, *(line.format(url=server.url) for line in NEEDS_TABLES))
    sentence = r"^said: the database lacks \d+ migrations \(.+\): run `manage.py migrate` first\.$"
    assert len(re.findall(sentence, told.stdout, re.MULTILINE)) == len(NEEDS_TABLES), told.stdout + told.stderr
    assert "Gapless is at" not in told.stdout
    alone = ended("manage.py", "loadtest", "--clients", "2", "--senders", "1")
    assert alone.returncode == 1
    assert alone.stderr.startswith("gapless: the database lacks ")
    assert len(alone.stderr.splitlines()) == 1

"""The operator's commands."""

import datetime
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection

from chat import clock, services
from chat.management.commands import probe_delivery, rebuild_cache
from chat.models import Channel, Message, Token, User
from chat.reads.cache import RecentCache, recent
from chat.reads.channels import channels_of
from chatproject.management.commands import prune
from delivery.load.probe import ProbeResult
from delivery.load.tally import Findings
from tests.conftest import Cast, said, say
from tests.stage import forked
from tests.stage.commands import run
from tests.stage.ports import free_port
from tests.stage.servers import ROOT, Server, database_url, patient_cursor

pytestmark = pytest.mark.django_db(transaction=True)


def test_fill_makes_channels_full_of_messages_in_one_log_each(cast: Cast) -> None:
    filled = run("fill", "300", "--channels", "3", "--people", "4", "--member", "vera")
    assert filled["messages"] == 300
    for channel in Channel.objects.filter(pk__in=filled["channels"]):
        numbers = list(Message.objects.filter(channel=channel).order_by("rev").values_list("seq", "rev"))
        assert numbers == [(number, number) for number in range(1, channel.head + 1)]
        times = list(Message.objects.filter(channel=channel, kind="text").order_by("seq").values_list("created_at"))
        assert times == sorted(times)
    assert [seen.unread for seen in channels_of(User.objects.get(username="vera").pk)] == [0, 0, 0]


@pytest.mark.parametrize("arguments", [("0",), ("10", "--people", "100"), ("10", "--member", "nobody")])
def test_fill_refuses_nonsense_in_one_sentence(cast: Cast, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("fill", *arguments)


# ---- settings ----


def test_settings_are_said_with_where_they_come_from_and_without_secrets() -> None:
    secrets = {
        "SECRET_KEY": "hush-key-of-at-least-32-characters",
        "METRICS_TOKEN": "hush-token",
        "SECRET_KEY_FALLBACKS": "hush-old",
        "DATABASE_URL": "postgresql://gapless:hush-word@127.0.0.1:1/gapless",
        "REDIS_URL": "redis://:hush-word@127.0.0.1:1/0",
    }
    given = {**secrets, "ALLOWED_ORIGINS": "https://chat.example", "GAPLESS_LIMIT_TOKENS": "7", "PORT": "9444"}

    def said(*options: str) -> str:
        asked = forked.ended("manage.py", "settings", *options, cwd=ROOT, env={**os.environ, **given})
        asked.check_returncode()
        assert "hush" not in asked.stdout + asked.stderr
        return asked.stdout

    found = json.loads(said("--json"))
    assert found["ALLOWED_ORIGINS"] == {"value": "https://chat.example", "source": "environment"}
    assert found["BEHIND_TLS_PROXY"] == {"value": "True", "source": "default"}, "as it follows from the origins"
    assert found["GAPLESS_LIMIT_TOKENS"] == {"value": "7", "source": "environment"}
    assert found["GAPLESS_LIMIT_MEMBERS"] == {"value": "100", "source": "default"}
    assert {found.pop(name)["value"] for name in list(secrets)[:3]} == {"set, not shown"}
    assert found["DATABASE_URL"] == {"value": "postgresql://127.0.0.1:1/gapless", "source": "environment"}
    changed = said("--changed")
    assert "GAPLESS_LIMIT_TOKENS" in changed
    assert "GAPLESS_LIMIT_MEMBERS" not in changed


# ---- prune ----


def test_prune_takes_away_what_is_old_and_leaves_what_must_stay(cast: Cast, standing_clock: datetime.datetime) -> None:
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


def test_prune_takes_more_than_one_batch_and_leaves_what_is_audited(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, standing_clock: datetime.datetime
) -> None:
    monkeypatch.setattr(prune, "AT_ONCE", 2)
    with clock.at(clock.now() - datetime.timedelta(days=40)):
        audited = int(json.loads(said(cast.bob, cast.team, "rude").raw)["id"])
        services.delete_message(cast.alice, channel=cast.team.pk, message=audited, reason="rude")
        for n in range(5):
            said_id(cast, f"old {n}")
    assert run("prune", "--days", "30")["messages"] == 5
    assert list(Message.objects.filter(channel=cast.team, kind="text").values_list("pk", flat=True)) == [audited]


def test_prune_takes_away_a_thread_as_a_whole_or_not_at_all(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, standing_clock: datetime.datetime
) -> None:
    monkeypatch.setattr(prune, "AT_ONCE", 2)
    with clock.at(clock.now() - datetime.timedelta(days=40)):
        over, going_on, kept = (said_id(cast, name) for name in ("over", "going on", "kept"))
        for root in (over, over, over, going_on, kept):
            said(cast.bob, cast.team, "an old reply", thread=root)
        reported = Message.objects.filter(thread=kept).get()
        services.report_message(cast.alice, channel=cast.team.pk, message=reported.pk, reason="rude")
        said_id(cast, "the last of them")
    said(cast.bob, cast.team, "a young reply", thread=going_on)
    assert run("prune", "--days", "30")["messages"] == 5, "what is over, with its replies, and the last"
    left = Message.objects.filter(channel=cast.team, kind="text")
    assert {(row.thread_id or row.pk, row.thread_id is not None) for row in left} == {
        (going_on, False), (going_on, True), (kept, False), (kept, True),
    }  # fmt: skip
    assert Message.objects.get(pk=going_on).reply_count == left.filter(thread=going_on).count() == 2


def test_prune_takes_away_logins_that_have_ended_and_no_others(cast: Cast) -> None:
    now, day = clock.now(), datetime.timedelta(days=1)
    for key, ends_at in (("ended", now - day), ("goes on", now + day)):
        Session.objects.create(session_key=key, session_data="", expire_date=ends_at)
    for name, user in (("ended", cast.bob), ("goes on", cast.charlie)):
        Token.objects.filter(user=user).update(expires_at=now - day if name == "ended" else now + day)
    living = Token.objects.exclude(user=cast.bob).count()
    assert run("prune", "--dry-run")["logins"] == 0
    assert run("prune")["logins"] == 2, "also without RETENTION_DAYS"
    assert [session.session_key for session in Session.objects.all()] == ["goes on"]
    assert (Token.objects.count(), Token.objects.filter(user=cast.bob).exists()) == (living, False)


def test_prune_keeps_what_may_have_to_be_replayed(cast: Cast) -> None:
    with pytest.raises(CommandError, match="At least 2 days"):
        call_command("prune", "--days", "1")


def said_id(cast: Cast, body: str) -> int:
    return int(json.loads(said(cast.alice, cast.team, body).raw)["id"])


# ---- probe_delivery ----


def test_the_probe_says_how_long_it_takes_through_the_real_path(cast: Cast, server: Server) -> None:
    for _ in range(2):
        found = run("probe_delivery", "--yes", "--url", server.url, "--most", "20000")
        assert found["passed"] is True
        assert 0 < found["sent_to_received"] < 20_000
        assert 0 < found["back_to_caught_up"] < 20_000
        assert not Channel.objects.filter(name="Probe").exists()
        assert not User.objects.filter(username__startswith="probe").exists()


def test_where_people_are_the_probe_asks_first(cast: Cast) -> None:
    with pytest.raises(CommandError, match="--yes") as refused:
        run("probe_delivery", "--url", "http://localhost:9")
    assert refused.value.returncode == 2


def test_a_probe_that_is_too_slow_and_one_without_a_server_have_exit_codes(cast: Cast, server: Server) -> None:
    with pytest.raises(SystemExit) as slow:
        run("probe_delivery", "--yes", "--url", server.url, "--most", "0.001")
    assert slow.value.code == 1
    with pytest.raises(CommandError) as away:
        run("probe_delivery", "--yes", "--url", "http://localhost:9")
    assert away.value.returncode == 2


WHOLE = ProbeResult(1.0, 2.0, 3.0, Findings(0, 0, 0, 0), {})


@pytest.mark.parametrize(
    ("amiss", "says"),
    [
        ({"findings": Findings(1, 0, 0, 0)}, "lost=1"),
        ({"findings": Findings(0, 1, 0, 0)}, "doubled=1"),
        ({"findings": Findings(0, 0, 1, 0)}, "disordered=1"),
        ({"findings": Findings(0, 0, 0, 1)}, "different=1"),
        ({"errors": {"unavailable": 3}}, "unavailable: 3"),
        ({"sent_to_received": None}, "sent to received: not in time"),
        ({"back_to_caught_up": None}, "back to caught up: not in time"),
        ({"sent_to_received": 1000.1}, "sent to received: 1000.1 ms"),
        ({"back_to_caught_up": 1000.1}, "back to caught up: 1000.1 ms"),
    ],
)
def test_whatever_the_probe_found_amiss_is_said_and_is_exit_code_1(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, server: Server, amiss: dict[str, Any], says: str
) -> None:
    async def probed(*_: Any, **__: Any) -> ProbeResult:
        return replace(WHOLE, **amiss)

    monkeypatch.setattr(probe_delivery, "probe", probed)
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("probe_delivery", "--yes", "--url", server.url, stdout=output)
    assert ended.value.code == 1
    assert says in output.getvalue()
    assert "something is wrong" in output.getvalue()


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
    archived = services.open_channel(cast.alice, name="archived")
    services.archive_channel(cast.alice, channel=archived.pk)
    assert run("rebuild_cache", "--all")["rebuilt"] == 2
    named = [f"--channel={channel.pk}" for channel in (idle, archived)]
    assert run("rebuild_cache", *named)["rebuilt"] == 2
    with pytest.raises(CommandError, match="there is no channel 99999999"):
        run("rebuild_cache", *named, "--channel=99999999")


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
    *("probe_delivery --yes --json --url {url}", "serve --workers 2"),
)
#: Runs each of its arguments as manage.py does, in one process, and prints what is said instead of a traceback.
EACH = """
import sys
from chatproject.embedded.start import StartError, prepare
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
    with patient_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    settings_name = connection.settings_dict["NAME"]
    yield {**server.environ(), "PORT": str(free_port()), "DATABASE_URL": database_url().replace(settings_name, name)}
    with patient_cursor() as cursor:
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

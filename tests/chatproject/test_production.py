"""What a production needs and lacks is reported before people meet it: by `check --deploy`, and by the doctor."""

import datetime
from typing import Any

import pytest
from django.core.checks import Error

from chat import clock
from chat.models import Machine, SignInAddress
from chat.services import create_user
from chat.services.machines import fingerprint, note_machine
from chatproject import checks, doctor, env, machine_findings, production
from chatproject.findings import Finding
from tests.conftest import Cast
from tests.stage.commands import run

ELSEWHERE = ["https://chat.example.com"]


def ids(found: Any) -> list[str]:
    return [each.id for each in found]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("origins", "hosts", "found"),
    [
        (ELSEWHERE, ["chat.example.com", "localhost"], []),
        (ELSEWHERE, [".example.com"], []),
        (ELSEWHERE, ["localhost"], ["gapless.E101"]),
        (ELSEWHERE, ["chat.example.com", "www.example.com"], ["gapless.W102"]),
        (["http://localhost:8000", "http://[::1]:8000"], ["localhost", "[::1]"], ["gapless.W101"]),
    ],
)
def test_origins_and_hosts_must_agree(settings: Any, origins: list[str], hosts: list[str], found: list[str]) -> None:
    settings.ALLOWED_ORIGINS, settings.ALLOWED_HOSTS = origins, hosts
    assert ids(production.check_hosts(None)) == found


@pytest.mark.fast
@pytest.mark.parametrize(
    ("origins", "proxies", "found"),
    [
        (ELSEWHERE, [], ["gapless.W104"]),
        (ELSEWHERE, ["10.0.0.0/8"], []),
        (["http://chat.example.com"], [], []),
    ],
)
def test_who_ends_tls_is_to_be_trusted(settings: Any, origins: list[str], proxies: list[str], found: list[str]) -> None:
    settings.ALLOWED_ORIGINS, settings.TRUSTED_PROXIES = origins, proxies
    assert ids(production.check_proxies(None)) == found


@pytest.mark.fast
@pytest.mark.parametrize(("key", "found"), [("default", ["gapless.W103"]), ("environment", [])])
def test_machines_that_share_a_database_need_a_key_that_they_share(
    monkeypatch: pytest.MonkeyPatch, key: str, found: list[str]
) -> None:
    monkeypatch.setitem(env.READINGS, "DATABASE_URL", env.Reading("DATABASE_URL", "", "environment", is_secret=True))
    monkeypatch.setitem(env.READINGS, "SECRET_KEY", env.Reading("SECRET_KEY", "", key, is_secret=True))
    assert ids(production.check_shared(None)) == found


@pytest.mark.fast
def test_a_key_that_could_be_guessed_is_a_warning(settings: Any) -> None:
    settings.SECRET_KEY = "x" * 31
    assert ids(checks.check_key(None)) == ["gapless.W003"]
    settings.SECRET_KEY = "x" * 32
    assert checks.check_key(None) == []


def found_of(part: Any) -> list[tuple[str, str]]:
    return [(finding.about, finding.state) for finding in part()]


def test_machines_that_do_not_honour_each_others_keys_are_found(cast: Cast, settings: Any) -> None:
    ours = settings.SECRET_KEY
    settings.SECRET_KEY_FALLBACKS = []
    Machine.objects.all().delete()
    note_machine("a:8000", keys=[ours], version="1.0.0")
    note_machine("b:8000", keys=[ours], version="1.0.0")
    assert found_of(machine_findings.machines) == [("machines", "ok")]
    note_machine("b:8000", keys=["another key", ours], version="1.0.0")
    assert [finding.says.split()[0] for finding in machine_findings.machines() if finding.state == "wrong"] == [
        "a:8000"
    ]
    note_machine("a:8000", keys=[ours, "another key"], version="1.1.0")
    settings.SECRET_KEY_FALLBACKS = ["another key"]
    assert found_of(machine_findings.machines) == [("machines", "warning")], (
        "in the middle of a change of key, and of a release"
    )
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a third one", []
    assert next(finding.do for finding in machine_findings.machines()) == "Run it with their environment."
    assert ours not in fingerprint(ours)


def test_the_connections_of_all_machines_are_counted_together(cast: Cast, settings: Any) -> None:
    Machine.objects.all().delete()
    settings.WEB_WORKERS = 2
    note_machine("a:8000", keys=["a key"], version="1.0.0")
    assert found_of(machine_findings.pools) == [], "one machine is looked at by itself"
    note_machine("b:8000", keys=["a key"], version="1.0.0")
    for each, found in ((8, "ok"), (50, "wrong")):
        settings.DATABASE_POOL = each
        assert found_of(machine_findings.pools) == [("connections", found)]


def test_a_machine_that_has_gone_is_forgotten(cast: Cast, standing_clock: datetime.datetime) -> None:
    with clock.at(standing_clock - datetime.timedelta(days=1)):
        note_machine("old:8000", keys=["an old key"], version="0.9.0")
    note_machine("new:8000", keys=["a key"], version="1.0.0")
    assert not Machine.objects.filter(name="old:8000")


def test_people_who_all_come_from_one_address_are_behind_a_proxy_that_is_not_trusted(cast: Cast, settings: Any) -> None:
    settings.ALLOWED_ORIGINS = ELSEWHERE
    for number in range(machine_findings.ENOUGH_PEOPLE):
        user = create_user(f"guest{number}")
        assert found_of(machine_findings.addresses) == [("proxies", "ok")]
        SignInAddress.objects.create(user=user, line="10.0.0.5", last_at=clock.now())
    [finding] = machine_findings.addresses()
    assert "TRUSTED_PROXIES=10.0.0.5" in finding.do
    settings.ALLOWED_ORIGINS = ["http://localhost:8000"]
    assert found_of(machine_findings.addresses) == [("proxies", "ok")], "on one machine they do"
    settings.ALLOWED_ORIGINS = ELSEWHERE
    SignInAddress.objects.create(user=cast.alice, line="192.0.2.7", last_at=clock.now())
    assert found_of(machine_findings.addresses) == [("proxies", "ok")]


def test_what_the_database_says_is_checked_where_it_is_named(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert production.check_database(None, databases=None) == []
    assert production.check_database(None, databases=["default"]) == []
    wrong = Finding("postgresql", "wrong", "synchronous_commit is off, by this role.", "ALTER ROLE")
    monkeypatch.setattr(production, "shortcomings", lambda found: [wrong])
    [message] = production.check_database(None, databases=["default"])
    assert isinstance(message, Error)
    assert (message.id, message.hint) == ("gapless.E111", "ALTER ROLE")


def test_the_doctor_ends_with_the_first_dependency_that_is_missing(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "/nowhere")
    settings.REDIS_URL = "redis://localhost:9"
    findings = list(doctor.examine())
    assert [finding.about for finding in findings if finding.state == "wrong"] == ["postgresql"]
    assert findings[-1].about == "postgresql"


def test_without_its_tables_the_doctor_asks_for_none_of_them(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "waiting_migrations", lambda: 40)
    assert list(doctor.examine())[-1].do == "Run `manage.py migrate`."


def test_where_others_come_the_doctor_knows_what_production_lacks(cast: Cast, settings: Any) -> None:
    settings.ALLOWED_ORIGINS, settings.ALLOWED_HOSTS = ELSEWHERE, ["localhost"]
    with pytest.raises(SystemExit):
        run("doctor")
    assert any("none of ALLOWED_HOSTS" in finding.says for finding in doctor.examine() if finding.state == "wrong")


def test_the_doctor_says_when_few_files_may_be_open(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FILES", 2**40)
    assert any("LimitNOFILE" in finding.do for finding in doctor.examine() if finding.about == "open files")

"""Whether a process should get requests, for load balancers; and the state of its dependencies."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.db import OperationalError, connection
from django.test import RequestFactory

from chatproject.serving import health
from chatproject.version import VERSION, commit
from tests.stage.servers import Server

pytestmark = pytest.mark.django_db


def asked() -> tuple[int, dict[str, Any]]:
    response = health.ready(RequestFactory().get("/readyz"))
    return response.status_code, json.loads(response.content)


def states(said: dict[str, Any]) -> dict[str, bool]:
    assert all(state["milliseconds"] >= 0 for state in said["dependencies"].values())
    return {name: state["ok"] for name, state in said["dependencies"].items()}


def refuse(*_: Any) -> None:
    raise OperationalError("away")


def test_all_is_well() -> None:
    status, said = asked()
    assert (status, said["ready"], said["draining"]) == (200, True, False)
    assert states(said) == {"postgresql": True, "redis": True}


def test_without_postgresql_it_gets_no_work() -> None:
    with connection.execute_wrapper(refuse):
        status, said = asked()
    assert (status, said["ready"], said["draining"]) == (503, False, False)
    assert states(said) == {"postgresql": False, "redis": True}


def test_without_redis_it_says_so_and_goes_on_working(settings: Any) -> None:
    nowhere = {**settings.CACHES["default"], "LOCATION": "redis://localhost:9"}
    settings.CACHES = {**settings.CACHES, "default": nowhere}
    status, said = asked()
    assert (status, said["ready"]) == (200, True)
    assert states(said) == {"postgresql": True, "redis": False}


def test_of_several_redis_each_is_told(settings: Any) -> None:
    settings.REDIS_URLS = [settings.REDIS_URL, settings.REDIS_URL, "redis://localhost:9"]
    status, said = asked()
    assert (status, said["ready"]) == (200, True)
    assert states(said) == {"postgresql": True, "redis": True, "redis1": True, "redis2": False}


@pytest.mark.parametrize("is_away", [False, True])
def test_while_draining_it_gets_no_work_and_still_says_how_its_dependencies_are(
    monkeypatch: pytest.MonkeyPatch, is_away: bool
) -> None:
    draining = SimpleNamespace(is_draining=True, hub=SimpleNamespace(size=7))
    monkeypatch.setattr(health.node, "running", lambda: draining)
    with connection.execute_wrapper(refuse if is_away else lambda execute, *given: execute(*given)):
        status, said = asked()
    assert (status, said["ready"], said["draining"], said["sockets"]) == (503, False, True, 7)
    assert states(said) == {"postgresql": not is_away, "redis": True}


def test_while_no_place_is_given_on_it_gets_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    for standing, expected in ((4.9, 200), (5.0, 503)):
        places = SimpleNamespace(count=6, taken=6, waiting=3, standing_seconds=standing)
        monkeypatch.setattr(health, "places", places)
        status, said = asked()
        assert (status, said["ready"]) == (expected, expected == 200)
        assert said["http"] == {"places": 6, "taken": 6, "waiting": 3, "standing_seconds": standing}


def test_who_asks_by_address_is_told_how_it_is(server: Server) -> None:
    for host in ("10.0.0.7:8000", "elsewhere.example", "", "[", "a" * 300):
        for path in ("/healthz", "/readyz", "/metrics", "/version"):
            assert httpx.get(f"{server.url}{path}", headers={"Host": host}).status_code == 200


def test_the_release_that_answers_says_its_number_and_its_commit_and_nothing_else(server: Server) -> None:
    said = httpx.get(f"{server.url}/version")
    assert said.json() == {"version": VERSION, "commit": commit()}
    assert said.headers["Cache-Control"] == "no-store"


def test_a_foreign_host_is_one_line_and_no_traceback(own_server: Callable[..., Server]) -> None:
    # Of one whose refusals nobody else has used up: ten of a kind are written a minute.
    server = own_server()
    for path in ("/sign-in/", "/api/v1/channels/", "/admin/", "/nothing", "/healthz/"):
        answer = httpx.get(f"{server.url}{path}", headers={"Host": "elsewhere.example"})
        assert answer.status_code == 400
        [said] = logged_of(answer, server)
        assert (said["foreign_host"], said["level"], said["code"]) == ("elsewhere.example", "info", 400)
        assert "exception" not in said


def test_where_plain_http_is_sent_to_https_a_foreign_host_is_one_line_too(own_server: Callable[..., Server]) -> None:
    server = own_server(ALLOWED_ORIGINS="https://chat.example.org", ALLOWED_HOSTS="localhost,chat.example.org")
    answer = httpx.get(f"{server.url}/sign-in/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    [said] = logged_of(answer, server)
    assert (said["level"], "exception" in said) == ("info", False)


def logged_of(answer: httpx.Response, server: Server) -> list[dict[str, Any]]:
    """What is logged of this request; the process may just be saying other things."""
    said = server.log.read_text()
    assert "Traceback" not in said
    return [json.loads(line) for line in said.splitlines() if answer.headers["X-Request-ID"] in line]


def test_what_a_stranger_sends_against_the_rules_is_no_traceback(server: Server) -> None:
    before = server.log.stat().st_size
    # As it would stand in `next`, it is longer than any redirect may be.
    assert httpx.get(f"{server.url}/?{'a=1&' * 3000}").status_code == 400
    many, cookie = {f"field{n}": "x" for n in range(1500)}, {"Cookie": f"gapless_csrf_{server.port}={'a' * 32}"}
    assert httpx.post(f"{server.url}/sign-in/", data=many, headers=cookie).status_code == 400
    lines = [json.loads(line) for line in server.log.read_text()[before:].splitlines()]
    assert [line for line in lines if "exception" in line or line["level"] == "error"] == []

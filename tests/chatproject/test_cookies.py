"""Names of cookies, the beginning of links, and the address of the server on a platform."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from http.cookies import SimpleCookie

import httpx
import psutil
import pytest

from tests.conftest import PASSWORD, Cast
from tests.stage.fresh import setting
from tests.stage.logins import signed_in
from tests.stage.ports import free_port
from tests.stage.servers import ROOT, Server, database_url

Start = Callable[..., Server]
pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "http://chat.example.org"


def test_processes_behind_one_origin_share_sign_ins_whatever_their_ports(own_server: Start, cast: Cast) -> None:
    session = signed_in(cast.alice)
    for server in [own_server(ALLOWED_ORIGINS=ORIGIN, ALLOWED_HOSTS="localhost,chat.example.org") for _ in range(2)]:
        headers = {"Host": "chat.example.org", "Cookie": f"gapless_session={session}"}
        assert httpx.get(server.url, headers=headers).status_code == 200


def test_under_https_no_other_host_can_set_a_cookie_of_ours(own_server: Start, cast: Cast) -> None:
    signed_in(cast.alice)
    server = own_server(ALLOWED_ORIGINS="https://chat.example.org", ALLOWED_HOSTS="localhost,chat.example.org")
    headers = {"Host": "chat.example.org", "X-Forwarded-Proto": "https", "Origin": "https://chat.example.org"}
    page = httpx.get(f"{server.url}/sign-in/", headers=headers)
    assert page.status_code == 200, page.text
    given = {**cookies_of(page)}
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"username": "alice", "password": PASSWORD, "csrfmiddlewaretoken": token}
    jar = "; ".join(f"{name}={value}" for name, value in given.items())
    done = httpx.post(f"{server.url}/sign-in/", headers={**headers, "Cookie": jar, "Referer": f"{ORIGIN}/"}, data=form)
    assert done.status_code == 302, done.text
    assert {*given, *cookies_of(done)} == {"__Host-gapless_session", "__Host-gapless_csrf"}
    for line in [*page.headers.get_list("set-cookie"), *done.headers.get_list("set-cookie")]:
        assert "Secure" in line
        assert "Path=/" in line
        assert "Domain" not in line


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    found: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        found.load(line)
    return {name: morsel.value for name, morsel in found.items()}


def test_two_local_instances_keep_their_sign_ins_apart() -> None:
    assert setting("SESSION_COOKIE_NAME", PORT="9001") == "gapless_session_9001"
    assert setting("CSRF_COOKIE_NAME", PORT="9002") == "gapless_csrf_9002"


@pytest.mark.parametrize(
    ("origins", "begins"),
    [
        ("", "http://localhost:{port}/setup/"),
        ("https://chat.example.org", "https://chat.example.org/setup/"),
        ("http://inside.example.org:8000,https://chat.example.org", "https://chat.example.org/setup/"),
        ("http://inside.example.org:8000,http://10.0.0.1", "http://inside.example.org:8000/setup/"),
    ],
)
def test_the_set_up_link_is_one_that_a_newcomer_can_open(own_server: Start, origins: str, begins: str) -> None:
    server = own_server(ALLOWED_ORIGINS=origins, HOST="0.0.0.0")
    assert f"the owner's, at {begins.format(port=server.port)}" in server.log.read_text()


def test_a_platform_finds_the_web_process_where_it_looks() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    port = free_port()
    environ = {**os.environ, "PORT": str(port), "DATABASE_URL": database_url(), "WEB_WORKERS": "1"}
    server = Server(port=port)
    command = lines["web"].replace("python ", f"{sys.executable} ")
    server.log.parent.mkdir(parents=True, exist_ok=True)
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            ["sh", "-c", f"exec env {command}"], cwd=ROOT, env={**server.environ(), **environ}, stdout=log, stderr=log
        )
    server.process = process
    try:
        server.wait_until_alive()
        listening = [c.laddr for c in psutil.Process(process.pid).net_connections() if c.status == "LISTEN"]
        assert [(address.ip, address.port) for address in listening] == [("0.0.0.0", port)]
    finally:
        process.send_signal(signal.SIGTERM)
        server.stop()

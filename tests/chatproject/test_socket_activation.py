"""Socket activation by systemd: a restart of the whole service refuses no client; new connections wait in the socket's queue."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from chatproject.serving import listening
from tests.stage.servers import ROOT, Server


@pytest.fixture
def held() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    listener.set_inheritable(True)
    return listener


@pytest.fixture
def handed(held: socket.socket, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    monkeypatch.setattr(listening, "FIRST_HANDED", os.dup(held.fileno()))
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    return held


@pytest.mark.fast
def test_the_socket_that_was_handed_over_is_served(handed: socket.socket) -> None:
    taken = listening.handed_over()
    assert taken is not None
    with taken, socket.create_connection(handed.getsockname()[:2]):
        assert taken.getsockname() == handed.getsockname()
        assert not taken.get_inheritable()
        taken.accept()[0].close()


@pytest.mark.fast
def test_what_was_handed_to_another_process_is_not_taken(
    handed: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    assert listening.handed_over() is None


@pytest.mark.fast
def test_what_cannot_be_served_is_said_in_a_sentence(
    handed: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LISTEN_FDS", "2")
    with pytest.raises(listening.ListenError, match="2 sockets were handed over"):
        listening.handed_over()
    monkeypatch.setenv("LISTEN_FDS", "1")
    for other in (socket.socket(), socket.socket(socket.AF_UNIX)):
        if other.family == socket.AF_UNIX:
            other.bind(str(tmp_path / "socket"))
            other.listen()
        monkeypatch.setattr(listening, "FIRST_HANDED", other.detach())
        with pytest.raises(listening.ListenError, match="does not listen for TCP"):
            listening.handed_over()


def started_on(held: socket.socket, server: Server) -> "subprocess.Popen[bytes]":
    """As systemd starts it: the socket is its descriptor 3."""
    with server.log.open("ab") as log:
        return subprocess.Popen(
            ["bash", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" manage.py serve --workers 2', sys.executable],
            cwd=ROOT,
            env={**server.environ(), "PORT": str(held.getsockname()[1])},
            preexec_fn=lambda: os.dup2(held.fileno(), 3),
            pass_fds=[3, held.fileno()],
            stdout=log,
            stderr=log,
        )


@pytest.mark.by_hand
@pytest.mark.django_db(transaction=True)
def test_a_restart_of_the_service_refuses_nobody(held: socket.socket, tmp_path: Path) -> None:
    server = Server()
    server.log.parent.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{held.getsockname()[1]}/healthz"
    process = started_on(held, server)
    seconds: list[float] = []
    failures: list[str] = []
    is_over = threading.Event()

    def knock() -> None:
        while not is_over.wait(0.02):
            began_at = time.monotonic()
            try:
                assert httpx.get(url, timeout=60, trust_env=False).status_code == 200
            except Exception as error:
                failures.append(repr(error))
            seconds.append(time.monotonic() - began_at)

    assert httpx.get(url, timeout=60, trust_env=False).status_code == 200
    knocking = [threading.Thread(target=knock) for _ in range(4)]
    for thread in knocking:
        thread.start()
    try:
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
            assert process.wait(35) == 0
            process = started_on(held, server)
            answered = len(seconds)
            deadline = time.monotonic() + 60
            while len(seconds) < answered + 100:
                assert time.monotonic() < deadline, server.log.read_text()
                time.sleep(0.05)
    finally:
        is_over.set()
        for thread in knocking:
            thread.join()
        process.send_signal(signal.SIGTERM)
        process.wait(35)
    print(f"{len(seconds)} attempts over two restarts, {len(failures)} failed, the longest took {max(seconds):.1f} s")
    assert failures == []

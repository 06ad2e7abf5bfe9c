"""Debian's PostgreSQL 15 and Redis 7, both by TLS only and with certificates that are checked: all migrations, and a talk."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from chatproject.embedded.keeper import _service_account
from tests.stage.ports import free_port
from tests.stage.refusing import ended, refused
from tests.stage.sentinels import REDIS, Encrypted, make_certificate
from tests.stage.servers import Server, expect

BINARIES = Path("/usr/lib/postgresql/15/bin")
pytestmark = [
    pytest.mark.by_hand,
    pytest.mark.skipif(
        not BINARIES.exists() or REDIS is None, reason="Debian's postgresql-15 or redis-server is missing"
    ),
]


@pytest.fixture
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Its port, and the certificate to check it by. Nobody comes in without TLS and the password."""
    folder = Path(tempfile.mkdtemp(prefix="tls-"))
    key, certificate, data = folder / "key.pem", folder / "certificate.pem", folder / "data"
    make_certificate(key, certificate)
    (folder / "password").write_text("hush\n")
    account = _service_account()
    identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    if account:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, account.pw_uid, account.pw_gid)
    run = [
        str(BINARIES / "initdb"),
        "-D",
        str(data),
        "-U",
        "gapless",
        "--auth=scram-sha-256",
        f"--pwfile={folder}/password",
    ]
    subprocess.run([*run, "--locale=C.UTF-8"], check=True, capture_output=True, **identity)  # type: ignore[call-overload]
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    port = free_port()
    flags = {
        "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off",
        "ssl": "on", "ssl_cert_file": certificate, "ssl_key_file": key,
    }  # fmt: skip
    command = [
        str(BINARIES / "postgres"),
        "-D",
        str(data),
        *(word for n, v in flags.items() for word in ("-c", f"{n}={v}")),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, **identity)  # type: ignore[call-overload]
    yield port, certificate
    process.terminate()
    process.wait()
    shutil.rmtree(folder)


async def test_a_talk_over_debians_servers_by_tls(postgresql: tuple[int, Path], tmp_path: Path) -> None:
    port, certificate = postgresql
    base = f"postgresql://gapless:hush@127.0.0.1:{port}"
    by_tls = f"sslmode=verify-full&sslrootcert={certificate}"
    await expect(lambda: _answers(f"{base}/postgres?{by_tls}"), within=30)
    with psycopg.connect(f"{base}/postgres?{by_tls}", autocommit=True) as first:
        first.execute("CREATE DATABASE gapless")
    with Encrypted(tmp_path) as redis:
        server = Server(
            DATABASE_URL=f"{base}/gapless?{by_tls}", REDIS_URL=redis.url, GAPLESS_DATA=str(tmp_path / "data")
        )
        environ = server.environ()
        assert "no pg_hba.conf entry" in refused(
            {**environ, "DATABASE_URL": f"{base}/gapless?sslmode=disable"}, "migrate"
        )
        strange = {**environ, "DATABASE_URL": f"{base}/gapless?sslmode=verify-full"}
        assert "root certificate" in refused(strange, "migrate")
        assert ended(environ, "migrate").returncode == 0
        token = ended(environ, "createuser", "ann", "--staff", "--token").stdout.split()[-1]
        server.start()
        try:
            assert httpx.get(f"{server.url}/readyz").json()["dependencies"]["redis"]["ok"]
            async with server.connect(token) as ann:
                with server.http(token) as http:
                    channel = http.post("/channels/", json={"name": "secret", "kind": "private"}).json()["id"]
                assert (await ann.post(channel, "over TLS"))["op"] == "ok"
                await expect(lambda: [change["body"] for change in ann.changes.get(channel, ())][-1:] == ["over TLS"])
        finally:
            server.stop()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True

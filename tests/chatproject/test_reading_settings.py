"""Each setting is read by a typed reader, which refuses what can't work with a sentence and without the password in it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import environ
import pytest

from chatproject import env, env_urls

pytestmark = pytest.mark.fast

READERS: dict[str, Callable[[str], Any]] = {
    "origins": partial(env.origins, default=[]),
    "hosts": partial(env.hosts, default=[]),
    "http_url": env_urls.http_url,
    "database": env_urls.database,
    "redis": env_urls.redis,
}


def read(monkeypatch: pytest.MonkeyPatch, kind: str, raw: str) -> Any:
    monkeypatch.setattr(env, "_env", type("Env", (), {"str": lambda self, name, default: raw})())
    return READERS[kind]("IT")


# A library's warning would show the password.
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("kind", "raw", "says"),
    [
        ("origins", "localhost:8000", "is no origin"),
        ("origins", "https://one.example,two.example", "'two.example' is no origin"),
        ("origins", "http://localhost/path", "is no origin"),
        ("origins", "https://localhost:x", "is no origin"),
        ("origins", "ws://localhost", "is no origin"),
        ("origins", "*", "is no origin"),
        ("origins", "http://localhost:8000/", "write http://localhost:8000."),
        ("origins", "https://Chat.example:443", "write https://chat.example."),
        ("hosts", "https://chat.example", "without scheme"),
        ("hosts", "chat.example:8000", "port"),
        ("hosts", "chat example", "must be a list of hosts"),
        ("http_url", "collector:4318", "must be a URL like http://collector:4318"),
        ("database", "mysql://a:secret@host/name", "must be a postgresql:// URL, not mysql://"),
        ("database", "postgress://a:secret@host/name", "not postgress://"),
        ("database", "a:secret@host/name", "begins with no scheme"),
        ("database", "a:secret@host/name?://", "begins with no scheme"),
        ("database", "postgresql://a:sec/ret@host/name", "write @ as %40, : as %3A, / as %2F"),
        ("database", "postgresql://a:secret@host", "names no database"),
        ("database", "postgresql://a:secret@host/?sslmode=require", "names no database"),
        ("redis", "http://:secret@host:6379/0", "not http://"),
        ("redis", ":secret@host:6379/0", "begins with no scheme"),
        ("redis", "redis://:secret@host/zero", "must be URLs like"),
        ("redis", "redis://:secret@host:x/0", "must be URLs like"),
        ("redis", "redis://:secret@host/0?colour=red", "must be URLs like"),
        ("redis", "sentinel://:secret@host/ours?colour=red", "must be URLs like"),
    ],
)
def test_what_can_not_work_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, kind: str, raw: str, says: str
) -> None:
    with pytest.raises(env.EnvError) as refused:
        read(monkeypatch, kind, raw)
    sentence = str(refused.value)
    assert sentence.startswith("IT")
    assert says in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    ("kind", "raw", "found"),
    [
        ("origins", "https://chat.example, http://[::1]:8000", ["https://chat.example", "http://[::1]:8000"]),
        ("hosts", "*, .example.org, [::1], CHAT.example, 127.0.0.1", ["*", ".example.org", "[::1]", "CHAT.example", "127.0.0.1"]),
        ("http_url", "https://collector/v1", "https://collector/v1"),
        ("redis", "redis://:p@host:6379/7,rediss://two", ["redis://:p@host:6379/7", "rediss://two"]),
        ("redis", "unix:///run/valkey.sock?db=1", ["unix:///run/valkey.sock?db=1"]),
        ("redis", "sentinel+tls://a:b@one,two:2/ours/3", ["sentinel+tls://a:b@one,two:2/ours/3"]),
    ],
)  # fmt: skip
def test_what_can_work_is_taken(monkeypatch: pytest.MonkeyPatch, kind: str, raw: str, found: Any) -> None:
    assert read(monkeypatch, kind, raw) == found


def test_a_database_is_named_by_a_url_or_by_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, "database", "postgres://a:b%40c@host:5/name")["PASSWORD"] == "b@c"
    assert read(monkeypatch, "database", "postgresql:///?service=ours")["OPTIONS"] == {"service": "ours"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PORT=1\nSECRET_KEY = hush\n", "line 2: write NAME=value"),
        (b"PORT=1\n\nhush\n", "line 3: write NAME=value"),
        (b"PORT=1\n\xff=hush\n", "not in UTF-8"),
        (None, "Is a directory"),
    ],
)
def test_a_file_of_settings_that_can_not_be_read_is_refused_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, says: str
) -> None:
    monkeypatch.setattr(environ.Env, "ENVIRON", {})
    path = tmp_path / ".env"
    path.mkdir() if content is None else path.write_bytes(content)
    monkeypatch.setattr(env, "_wrong_file", env.load(path))
    with pytest.raises(env.EnvError, match=says) as refused:
        env.integer("PORT", 8000)
    assert "hush" not in str(refused.value)
    assert environ.Env.ENVIRON == {}


def test_a_file_of_settings_is_read_as_editors_write_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environ.Env, "ENVIRON", {"HOST": "given"})
    path = tmp_path / ".env"
    path.write_bytes(b"\xef\xbb\xbfPORT=1\r\n  # a comment\r\n\r\nexport SIGN_UP='open'\r\nHOST=file\r\n")
    assert env.load(path) == ""
    assert environ.Env.ENVIRON == {"PORT": "1", "SIGN_UP": "open", "HOST": "given"}
    assert env.load(tmp_path / "none") == ""

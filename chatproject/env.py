"""Reads the environment, once and typed. A wrong value is refused with a sentence that names the variable.

Knows nothing of Django. A file `.env` beside manage.py is read first; real variables win over it.
"""

import dataclasses
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import environ
from redis.connection import parse_url

from chat import addresses
from chat.support.mailboxes.address import Mailbox, mailbox
from delivery.redis import sentinel

BASE_DIR = Path(__file__).resolve().parent.parent

Value = TypeVar("Value")


class EnvError(Exception):
    """An environment variable has a value that can't be used."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """A variable, as it was read. `source`: environment, .env, or default."""

    name: str
    value: Any
    source: str
    is_secret: bool


#: All variables that this process has read, by name.
READINGS: dict[str, Reading] = {}
#: The process's environment before `.env` was read.
GIVEN = dict(os.environ)
_env = environ.Env()
if (BASE_DIR / ".env").is_file():
    environ.Env.read_env(BASE_DIR / ".env")


def _read(
    name: str, default: Value, convert: Callable[[str], Value], expected: str, *, is_secret: bool = False
) -> Value:
    raw = _env.str(name, default="").strip()
    if not raw:
        return _noted(name, default, "default", is_secret=is_secret)
    try:
        source = "environment" if name in GIVEN else ".env"
        return _noted(name, convert(raw), source, is_secret=is_secret)
    except (ValueError, environ.ImproperlyConfigured):
        shown = "can't be understood: it" if is_secret else f"is {raw!r}, but"
        raise EnvError(f"{name} {shown} must be {expected}.") from None


def _noted(name: str, value: Value, source: str, *, is_secret: bool) -> Value:
    READINGS[name] = Reading(name, value, source, is_secret)
    return value


def text(name: str, default: str = "", *, is_secret: bool = False) -> str:
    return _read(name, default, str, "a text", is_secret=is_secret)


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    def convert(raw: str) -> int:
        number = int(raw)
        if not least <= number <= most:
            raise ValueError
        return number

    return _read(name, default, convert, f"a whole number from {least} to {most}")


def boolean(name: str, default: bool) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

    def convert(raw: str) -> bool:
        if raw.lower() not in words:
            raise ValueError
        return words[raw.lower()]

    return _read(name, default, convert, "true or false")


def words(name: str, default: list[str], *, is_secret: bool = False) -> list[str]:
    def convert(raw: str) -> list[str]:
        return [word.strip() for word in raw.split(",") if word.strip()]

    return _read(name, default, convert, "a list", is_secret=is_secret)


def networks(name: str, default: list[str]) -> list[addresses.Network]:
    given = words(name, default)
    try:
        return [addresses.network(word) for word in given]
    except ValueError:
        raise EnvError(f"{name} is {','.join(given)!r}, but must be a list of addresses or networks.") from None


def choice(name: str, default: str, among: Sequence[str]) -> str:
    known = {word.lower(): word for word in among}

    def convert(raw: str) -> str:
        if raw.lower() not in known:
            raise ValueError
        return known[raw.lower()]

    return _read(name, default, convert, f"one of {', '.join(among)}")


def path(name: str, default: Path) -> Path:
    return _read(name, default, lambda raw: Path(raw).expanduser(), "a folder").absolute()


def database(name: str) -> dict[str, Any]:
    """A Django database dictionary from a postgresql:// URL; raises EnvError for any other kind of database."""
    raw = text(name, is_secret=True)
    config: dict[str, Any] = _read(
        name, {}, environ.Env.db_url_config, "a URL like postgresql://user:password@host/name", is_secret=True
    )
    if "postgresql" not in config.get("ENGINE", ""):
        scheme = raw.split("://", 1)[0]
        raise EnvError(f"{name} must be a postgresql:// URL, not {scheme!r}: Gapless keeps its log in PostgreSQL.")
    return config


def redis(name: str) -> list[str]:
    """The URLs of Redis or Valkey: all carry announcements, the first does everything else too. Raises EnvError."""
    raw = text(name, is_secret=True)
    for url in urls(raw):
        scheme = url.split("://", 1)[0]
        if scheme not in ("redis", "rediss", "unix", *sentinel.SCHEMES):
            raise EnvError(
                f"{name} must be redis://, rediss://, unix:// or sentinel:// URLs, not {scheme!r}: Gapless follows Sentinel, but"
                " no cluster."
            )
    expected = "URLs like redis://:password@host:6379/0 or sentinel://host:26379,host2:26379/mymaster/0"
    return _read(name, [], _checked_redis, expected, is_secret=True)


def urls(raw: str) -> list[str]:
    """The URLs of a comma-separated list."""
    # Commas also separate the hosts of one URL.
    return re.split(r"\s*,\s*(?=[a-z+]+://)", raw)


def _checked_redis(raw: str) -> list[str]:
    given = urls(raw)
    for url in given:
        if sentinel.is_watched(url):
            sentinel.taken_apart(url)
        else:
            parse_url(url)  # type: ignore[no-untyped-call]
    if len(set(given)) < len(given):
        raise ValueError
    return given


class MailServer(NamedTuple):
    """Django's EMAIL_ settings."""

    host: str = ""
    port: int = 25
    use_tls: bool = False
    use_ssl: bool = False
    user: str = ""
    password: str = ""


def mail(name: str) -> MailServer:
    """The mail server of an smtp://, smtp+tls:// or smtp+ssl:// URL; without a URL its host is empty."""
    return _read(name, MailServer(), _mail_server, "a URL like smtp+tls://user:password@host:587", is_secret=True)


def _mail_server(raw: str) -> MailServer:
    scheme = raw.split("://", 1)[0]
    port = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}.get(scheme)
    config = environ.Env.email_url_config(raw)
    if port is None or not config["EMAIL_HOST"]:
        raise ValueError
    return MailServer(
        host=config["EMAIL_HOST"],
        port=config["EMAIL_PORT"] or port,
        use_tls=scheme == "smtp+tls",
        use_ssl=scheme == "smtp+ssl",
        user=config["EMAIL_HOST_USER"] or "",
        password=config["EMAIL_HOST_PASSWORD"] or "",
    )


def mailboxes(name: str) -> list[Mailbox]:
    """The mailboxes of imap+ssl://, imap+tls:// and imap:// URLs; without a URL no mails are collected."""

    def convert(raw: str) -> list[Mailbox]:
        return list({str(found): found for found in map(mailbox, urls(raw))}.values())

    expected = "URLs like imap+ssl://user:password@host/INBOX or imap+tls://…; imap:// only to this machine"
    return _read(name, [], convert, expected, is_secret=True)


def override(limits: Value, *, prefix: str) -> Value:
    """The dataclass `limits`, with each field replaced for which PREFIX + FIELD is set to a whole number."""
    found = {
        field.name: integer(prefix + field.name.upper(), getattr(limits, field.name))
        for field in dataclasses.fields(limits)  # type: ignore[arg-type]
    }
    return dataclasses.replace(limits, **found)  # type: ignore[type-var]


def files(name: str, default: Path) -> dict[str, Any]:
    """One of Django's STORAGES: the folder, that of a file:// URL, or the bucket of an s3:// URL."""
    in_folder = {"BACKEND": "chat.files.storage.Folder", "OPTIONS": {"location": default}}
    expected = "a URL like file:///var/lib/gapless/files or s3://key:secret@host/bucket?region=eu-central-1"
    return _read(name, in_folder, _file_storage, expected, is_secret=True)


def _file_storage(raw: str) -> dict[str, Any]:
    url = urlsplit(raw)
    if url.scheme == "file" and url.path.startswith("/") and not url.netloc:
        return {"BACKEND": "chat.files.storage.Folder", "OPTIONS": {"location": Path(unquote(url.path))}}
    bucket, asked = url.path.strip("/"), parse_qs(url.query, strict_parsing=bool(url.query))
    if url.scheme not in ("s3", "s3+http") or not url.hostname or not bucket or set(asked) - {"region"}:
        raise ValueError
    scheme = "https" if url.scheme == "s3" else "http"
    options = {
        "bucket_name": bucket,
        "endpoint_url": f"{scheme}://{url.hostname}" + (f":{url.port}" if url.port else ""),
        "access_key": unquote(url.username) if url.username else None,
        "secret_key": unquote(url.password) if url.password else None,
        "region_name": asked.get("region", [None])[0],
        "default_acl": None,
        "file_overwrite": True,
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}

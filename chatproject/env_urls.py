"""Reads the settings that are URLs of services: PostgreSQL, Redis, mail servers, mailboxes, buckets, collectors.

What it refuses, it names without the password that may be in it.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import environ

from chat.support.mailboxes.address import Mailbox, mailbox
from chatproject.env import EnvError, read, text
from delivery.redis import require_usable, sentinel

_POSTGRESQL = {name for name, engine in environ.Env.DB_SCHEMES.items() if engine == "django.db.backends.postgresql"}
_REDIS = {"redis", "rediss", "unix", *sentinel.SCHEMES}
_SCHEME = re.compile(r"[a-z0-9+-]+", re.IGNORECASE)


def database(name: str) -> dict[str, Any]:
    """A Django database dictionary from a postgresql:// URL; raises EnvError for any other kind of database."""
    raw = text(name, is_secret=True)
    _require_scheme(name, raw, _POSTGRESQL, "a postgresql:// URL", "Gapless keeps its log in PostgreSQL")
    expected = "a URL like postgresql://user:password@host/name; in the password, write @ as %40, : as %3A, / as %2F"
    config: dict[str, Any] = read(name, {}, environ.Env.db_url_config, expected, is_secret=True)
    if not config["NAME"] and "service" not in config.get("OPTIONS", {}):
        raise EnvError(f"{name} names no database: add its name, as in postgresql://user:password@host/name.")
    return config


def _require_scheme(name: str, url: str, schemes: Collection[str], expected: str, because: str) -> None:
    scheme, is_url, _ = url.partition("://")
    if scheme in schemes and is_url:
        return
    # What does not begin with a scheme may begin with a password.
    if not (is_url and _SCHEME.fullmatch(scheme)):
        raise EnvError(f"{name} begins with no scheme: it must be {expected}.")
    raise EnvError(f"{name} must be {expected}, not {scheme}://: {because}.")


def redis(name: str) -> list[str]:
    """The URLs of Redis or Valkey: all carry announcements, the first does everything else too. Raises EnvError."""
    raw, kinds = text(name, is_secret=True), "redis://, rediss://, unix:// or sentinel:// URLs"
    for url in urls(raw):
        _require_scheme(name, url, _REDIS, kinds, "Gapless follows Sentinel, but no cluster")
    expected = "URLs like redis://:password@host:6379/0 or sentinel://host:26379,host2:26379/mymaster/0"
    return read(name, [], _checked_redis, expected, is_secret=True)


def urls(raw: str) -> list[str]:
    """The URLs of a comma-separated list."""
    # Commas also separate the hosts of one URL.
    return re.split(r"\s*,\s*(?=[a-z+]+://)", raw)


def _checked_redis(raw: str) -> list[str]:
    given = urls(raw)
    for url in given:
        require_usable(url)
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
    return read(name, MailServer(), _mail_server, "a URL like smtp+tls://user:password@host:587", is_secret=True)


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
    return read(name, [], convert, expected, is_secret=True)


def files(name: str, default: Path) -> dict[str, Any]:
    """One of Django's STORAGES: the folder, that of a file:// URL, or the bucket of an s3:// URL."""
    in_folder = {"BACKEND": "chat.files.storage.Folder", "OPTIONS": {"location": default}}
    expected = "a URL like file:///var/lib/gapless/files or s3://key:secret@host/bucket?region=eu-central-1"
    return read(name, in_folder, _file_storage, expected, is_secret=True)


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


def http_url(name: str) -> str:
    """An address that speaks HTTP; empty if it is not set."""

    def convert(raw: str) -> str:
        url = urlsplit(raw)
        if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
            raise ValueError
        return raw

    return read(name, "", convert, "a URL like http://collector:4318")

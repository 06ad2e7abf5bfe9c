"""System checks for production: `manage.py check --deploy`; with `--database default` they examine the database too."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError
from django.http.request import validate_host

from chatproject import env
from chatproject.findings import Finding
from chatproject.machine_findings import LOCAL, addresses, is_reached_by_others, machines
from chatproject.postgresql.effective import shortcomings
from chatproject.reach import postgresql_in_force, sentence_of


@register(Tags.security, deploy=True)
def check_hosts(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Browsers ask for pages by host, and open sockets with their origin: both lists must agree."""
    return list(_hosts())


@register(Tags.security, deploy=True)
def check_shared(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Settings that must be equal on several machines, because each would generate its own."""
    if not _is_given("DATABASE_URL") or _is_given("SECRET_KEY"):
        return []
    return [
        Warning(
            "SECRET_KEY is not set: each machine makes its own, and who signs in at one is a stranger at another.",
            hint=f"Set the same SECRET_KEY on all machines; that of this one is in {settings.GAPLESS_DATA}/secret_key.",
            id="gapless.W103",
        )
    ]


@register(Tags.security, deploy=True)
def check_proxies(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """With https origins there is a proxy, which must be trusted."""
    is_https = any(origin.startswith("https://") for origin in settings.ALLOWED_ORIGINS)
    if not is_https or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "TRUSTED_PROXIES is empty, though a proxy ends TLS: to all limits by address everybody comes from the proxy.",
            hint="Set TRUSTED_PROXIES to the proxy's address or network, and let it set X-Forwarded-For.",
            id="gapless.W104",
        )
    ]


@register(Tags.database, deploy=True)
def check_database(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> Sequence[CheckMessage]:
    """The values in force in the database, and the traces of machines and people in it."""
    if not databases:
        return []
    try:
        found = [*shortcomings(postgresql_in_force())] or [*machines(), *addresses()]
    except (psycopg.Error, DatabaseError, OSError, ValueError) as error:
        return [Error(f"PostgreSQL can't be asked: {sentence_of(error)}", id="gapless.E110")]
    return [_as_message(finding) for finding in found if finding.state != "ok"]


def _hosts() -> Iterator[CheckMessage]:
    if not is_reached_by_others():
        yield Warning(
            "ALLOWED_ORIGINS names this machine alone: nobody else can open a socket.",
            hint="Set ALLOWED_ORIGINS and ALLOWED_HOSTS to what people's browsers have in their address bar.",
            id="gapless.W101",
        )
    names = {urlsplit(origin).hostname or "" for origin in settings.ALLOWED_ORIGINS}
    for name in sorted(name for name in names if not validate_host(_bracketed(name), settings.ALLOWED_HOSTS)):
        yield Error(
            f"ALLOWED_ORIGINS has {name}, which is none of ALLOWED_HOSTS: its pages are refused.",
            hint=f"Add {name} to ALLOWED_HOSTS.",
            id="gapless.E101",
        )
    for host in settings.ALLOWED_HOSTS:
        if host.strip("[]") not in LOCAL and not any(validate_host(_bracketed(name), [host]) for name in names):
            yield Warning(
                f"ALLOWED_HOSTS has {host}, of which ALLOWED_ORIGINS knows no origin: its pages open no socket.",
                hint=f"Add https://{host.lstrip('.')} to ALLOWED_ORIGINS, or take {host} out.",
                id="gapless.W102",
            )


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _is_given(name: str) -> bool:
    return name in env.READINGS and env.READINGS[name].source != "default"


def _as_message(finding: Finding) -> CheckMessage:
    kind, number = (Error, "E111") if finding.state == "wrong" else (Warning, "W111")
    return kind(f"{finding.about}: {finding.says}", hint=finding.do, id=f"gapless.{number}")

"""Looks at all that an operator would check by hand: each finding says what is there and what to do about it."""

import contextlib
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection, transaction

from chatproject import desk_findings, redis_findings
from chatproject.file_findings import files
from chatproject.findings import Finding, State
from chatproject.machine_findings import addresses, is_reached_by_others, machines, pools
from chatproject.postgresql.effective import shortcomings, told
from chatproject.reach import postgresql_in_force, sentence_of
from chatproject.schema import waiting_migrations

#: Older versions are not tested.
LEAST_POSTGRESQL, LEAST_PYTHON = 15, (3, 11)
#: If clocks differ by more, times on pages look wrong and tokens expire early; seconds.
MOST_APART = 2.0
#: Each socket of a process is an open file; a few hundred for other files are included.
LEAST_FILES = 4096
#: With less free space the operator must act; bytes.
LEAST_FREE = 2 * 2**30
#: With fewer rows than this PostgreSQL rightly reads the whole table.
ENOUGH_ROWS = 20_000

#: The reads that must not scan the table, and the indexes of which each must use one.
_READS = {
    "a page of history": ("SELECT * FROM messages WHERE channel_id = %s ORDER BY seq DESC LIMIT 20", {"messages_seq"}),
    "catching up": (
        "SELECT * FROM messages WHERE channel_id = %s AND rev > %s ORDER BY rev LIMIT 50",
        {"messages_rev"},
    ),
    "a repeated message": (
        "SELECT id FROM messages WHERE sender_id = %s AND client_msg_id = gen_random_uuid()",
        {"messages_once"},
    ),
    "search": (
        "SELECT id FROM messages WHERE folded LIKE '%%zygomorph%%' LIMIT 20",
        {"idx_messages_body_gin"},
    ),
}


def examine() -> Iterator[Finding]:
    """All findings, the most important first. A part that can't be examined is a finding itself.

    Ends with the first missing dependency: all later parts would wait for it, or fail because of it.
    """
    for needs, parts in _PARTS:
        if missing := _missing(needs):
            yield from missing
            return
        for about, look in parts:
            yield from _looked(about, look)


def _missing(needs: str) -> list[Finding]:
    try:
        if needs == "postgresql":
            return list(shortcomings(postgresql_in_force()))
        if needs == "redis":
            redis_findings.ping()
        if needs == "migrations":
            return [finding for finding in _migrations() if finding.state == "wrong"]
    except redis.exceptions.NoPermissionError:
        return []
    except (psycopg.Error, DatabaseError, redis.RedisError, OSError, ValueError) as error:
        says = f"can't be reached: {sentence_of(error)}"
        return [Finding(needs, "wrong", says, "Check that it is running and can be reached.")]
    return []


def _looked(about: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except (DatabaseError, redis.RedisError, OSError) as error:
        yield Finding(about, "wrong", f"can't be examined: {sentence_of(error)}", "Check that it answers.")


def _settings() -> Iterator[Finding]:
    is_production = is_reached_by_others()
    found = checks.run_checks(include_deployment_checks=is_production)
    messages = [message for message in found if not message.is_silenced()]
    for message in messages:
        state: State = "wrong" if message.is_serious() else "warning"
        yield Finding("settings", state, message.msg, message.hint or "`manage.py check --deploy` reports it too.")
    if settings.DEBUG and not is_production:
        yield Finding(
            "settings",
            "warning",
            "DEBUG shows tracebacks to everybody.",
            "Unset DEBUG if others can reach this server.",
        )
    elif not messages:
        yield Finding("settings", "ok", "no contradictions")


def _open_files() -> Iterator[Finding]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_low = most < LEAST_FILES
    says = f"a process may have {most:,} open files, including connections"
    do = f"Raise it to {LEAST_FILES:,} or more: LimitNOFILE in the unit, ulimit -Hn, the container's nofile."
    yield Finding("open files", "warning" if is_low else "ok", says, do if is_low else "")


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= LEAST_PYTHON:
        yield Finding("python", "ok", version)
    else:
        yield Finding(
            "python", "wrong", f"{version} is too old.", f"Install Python {LEAST_PYTHON[0]}.{LEAST_PYTHON[1]} or newer."
        )


def _postgresql() -> Iterator[Finding]:
    found = postgresql_in_force()
    if found.version_number // 10_000 >= LEAST_POSTGRESQL:
        yield Finding("postgresql", "ok", told(found))
    else:
        yield Finding("postgresql", "wrong", f"{found.version} is too old.", f"Upgrade to {LEAST_POSTGRESQL} or newer.")
    if _one("SELECT setting FROM pg_settings WHERE name = 'fsync'") != "on" or _one("SHOW full_page_writes") != "on":
        yield Finding(
            "postgresql", "wrong", "fsync or full_page_writes is off: a crash loses accepted messages.", "Set both on."
        )


def _migrations() -> Iterator[Finding]:
    if waiting := waiting_migrations():
        yield Finding("migrations", "wrong", f"{waiting} are not applied.", "Run `manage.py migrate`.")
    else:
        yield Finding("migrations", "ok", "all applied")


def _connections() -> Iterator[Finding]:
    most = int(_one("SHOW max_connections")) - int(_one("SHOW superuser_reserved_connections"))
    wanted = settings.DATABASE_POOL * settings.WEB_WORKERS
    open_now = int(_one("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    says = f"{settings.WEB_WORKERS} processes may open {wanted} of {most}; {open_now} are open"
    if wanted >= most:
        yield Finding(
            "connections", "wrong", says, "Lower WEB_WORKERS or GAPLESS_LIMIT_POOL, or raise max_connections."
        )
    elif open_now > most * 0.9:
        yield Finding("connections", "warning", says, "Look in pg_stat_activity for other programs that are connected.")
    else:
        yield Finding("connections", "ok", says)


def _indexes() -> Iterator[Finding]:
    broken = _column("SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE NOT indisvalid")
    for name in broken:
        yield Finding("indexes", "wrong", f"{name} is not valid.", f"Run REINDEX INDEX CONCURRENTLY {name}.")
    rows = int(_one("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'messages'::regclass"))
    if rows < ENOUGH_ROWS:
        yield Finding("indexes", "ok", f"all valid; their use can be checked from {ENOUGH_ROWS:,} messages on")
        return
    for read, (sql, wanted) in _READS.items():
        plan = "\n".join(_column(f"EXPLAIN {sql}", [1] * sql.replace("%%", "").count("%s")))
        names = ", ".join(wanted)
        if any(name in plan for name in wanted):
            yield Finding("indexes", "ok", f"{read} uses {names}")
        else:
            says = f"{read} does not use {names}."
            yield Finding("indexes", "warning", says, "Run VACUUM ANALYZE, then look at EXPLAIN.")


def _names() -> Iterator[Finding]:
    channels = _column(
        "SELECT name || ' (' || id || ')' FROM channels"
        " WHERE kind = 'public' AND archived_at IS NULL AND name_look = '' ORDER BY id LIMIT 20"
    )
    people = _column("SELECT username FROM users WHERE username_look IS NULL ORDER BY id LIMIT 20")
    for what, alike in (("public channels", channels), ("usernames", people)):
        if alike:
            says = f"{what} whose names look like others' names: {', '.join(alike)}"
            yield Finding("names", "warning", says, "Rename them; new names can't look alike.")
    if not channels and not people:
        yield Finding("names", "ok", "no two channels or usernames look alike")


def _clock_of_redis() -> Iterator[Finding]:
    try:
        seconds, microseconds = redis_findings.client_of().time()
    except redis.exceptions.NoPermissionError:
        return
    yield _clock("Redis'", float(seconds) + float(microseconds) / 1e6)


def _clock_of_postgresql() -> Iterator[Finding]:
    yield _clock("PostgreSQL's", float(_one("SELECT extract(epoch FROM clock_timestamp())")))


def _clock(whose: str, seconds: float) -> Finding:
    apart = abs(seconds - time.time())
    says = f"{whose} clock differs from ours by {apart:.1f} s"
    is_far = apart > MOST_APART
    return Finding("clocks", "wrong" if is_far else "ok", says, "Run NTP on every machine." if is_far else "")


def _disk_of_postgresql() -> Iterator[Finding]:
    size = f"the database has {int(_one('SELECT pg_database_size(current_database())')) / 2**20:.0f} MiB"
    folders = _folders_of_postgresql()
    if not folders:
        yield Finding("disk", "ok", f"{size}; PostgreSQL's disk can't be seen from here: watch it on its own machine")
    for folder in folders:
        yield _room(folder, f"; {size}", "Free space, or set RETENTION_DAYS: PostgreSQL stops when its disk is full.")


def _disk_of_ours() -> Iterator[Finding]:
    folder = settings.GAPLESS_DATA
    yield _room(folder if folder.exists() else settings.BASE_DIR, "", "Free space on this disk.")


def _room(folder: Path, more: str, do: str) -> Finding:
    free = shutil.disk_usage(folder).free
    is_low = free < LEAST_FREE
    says = f"{free / 2**30:.1f} GiB free at {folder}{more}"
    return Finding("disk", "warning" if is_low else "ok", says, do if is_low else "")


def _folders_of_postgresql() -> list[Path]:
    """PostgreSQL's folders of data and WAL, if they are on this machine and it tells us their paths."""
    host = str(settings.DATABASES["default"].get("HOST") or "")
    if not (host.startswith("/") or host in ("", "localhost", "127.0.0.1", "::1")):
        return []
    try:
        with transaction.atomic():
            data = Path(_one("SHOW data_directory"))
    except DatabaseError:
        return []
    found: dict[int, Path] = {}
    for folder in (data, data / "pg_wal"):
        # A server in a container has paths that do not exist here.
        with contextlib.suppress(OSError):
            found.setdefault(folder.stat().st_dev, folder.resolve())
    return list(found.values())


def _one(sql: str) -> str:
    return str(_column(sql)[0])


def _column(sql: str, parameters: list[int] | None = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]


#: The parts in order, by the dependency that they need: if it is missing, the examination ends.
_PARTS: tuple[tuple[str, tuple[tuple[str, Callable[[], Iterator[Finding]]], ...]], ...] = (
    ("", (("settings", _settings), ("python", _python), ("open files", _open_files), ("disk", _disk_of_ours))),
    (
        "postgresql",
        (
            *(("postgresql", _postgresql), ("connections", _connections)),
            *(("clocks", _clock_of_postgresql), ("disk", _disk_of_postgresql)),
        ),
    ),
    ("redis", (("redis", redis_findings.findings), ("clocks", _clock_of_redis))),
    (
        "migrations",
        (
            *(
                ("migrations", _migrations),
                ("indexes", _indexes),
                ("names", _names),
                ("clockwork", desk_findings.clockwork),
            ),
            *(("mailboxes", desk_findings.mailboxes), ("inboxes", desk_findings.rooms_of_inboxes)),
            *(("files", files), ("machines", machines), ("connections", pools), ("proxies", addresses)),
        ),
    ),
)

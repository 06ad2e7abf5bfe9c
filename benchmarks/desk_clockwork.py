"""The CPU of the clockwork's jobs at a large desk: when nothing is due, and when a hundred conversations are."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from benchmarks.desk_filled import FilledDesk
from benchmarks.fanout import DATA, services_cpu
from benchmarks.scanned import read_scans, since
from chat.support.clockwork.lateness import note_lateness
from chat.support.services.agent_mails import warn_of_dues
from chat.support.services.erasing import erase_expired
from chat.support.services.lapsing import lapse_leases, resolve_silent, wake_snoozed
from chat.support.services.mailing import write_answer_mails
from chat.support.services.routing import give_back, route
from chat.support.services.tallying import count_desks

DUE, TIMES = 100, 20

_SOME = """(
    SELECT channel_id FROM conversations WHERE desk_id = %(desk)s AND state <> 'resolved' AND {}
    ORDER BY channel_id LIMIT %(due)s
)"""
_IN_TICKETS = "UPDATE support_tickets SET first_due = {} WHERE conversation_id IN "


@dataclass(frozen=True)
class Timed:
    """`make_due`: so that a hundred are due; `rest`: back again. Jobs that do fewer at a time say so by what they return."""

    do: Callable[[], object]
    make_due: str = ""
    rest: str = ""


def _some(of: str) -> str:
    return _SOME.format(of)


# In this order: what the first ones do is what `count` counts.
JOBS: Mapping[str, Timed] = {
    "leases": Timed(
        lapse_leases,
        "UPDATE conversations SET lease_until = now() - interval '1 second' WHERE channel_id IN "
        + _some("assignee_id IS NOT NULL AND waiting_since IS NOT NULL"),
    ),
    "snoozes": Timed(
        wake_snoozed,
        "UPDATE conversations SET snoozed_until = now() - interval '1 second' WHERE channel_id IN "
        + _some("state = 'snoozed'"),
    ),
    "reopened": Timed(
        lambda: give_back(lambda user: True),
        "UPDATE conversations SET former_assignee_id = answered_by_id WHERE channel_id IN "
        + _some("assignee_id IS NULL AND waiting_since IS NOT NULL"),
    ),
    "routing": Timed(
        lambda: route(lambda user: True),
        "UPDATE support_inboxes SET routing = 'turns' WHERE id = %(inbox)s",
        "UPDATE support_inboxes SET routing = 'pull' WHERE id = %(inbox)s",
    ),
    "silent": Timed(
        resolve_silent,
        "UPDATE support_inboxes SET resolves_after_days = 1 WHERE id = %(inbox)s",
        "UPDATE support_inboxes SET resolves_after_days = NULL WHERE id = %(inbox)s",
    ),
    "count": Timed(
        count_desks,
        "UPDATE support_inboxes SET counted_rev = counted_rev - %(due)s WHERE id = %(inbox)s",
    ),
    "lateness": Timed(note_lateness),
    "warnings": Timed(
        warn_of_dues,
        _IN_TICKETS.format("now()") + _some("state = 'open'"),
        _IN_TICKETS.format("NULL") + _some("state = 'open'"),
    ),
    "answers": Timed(
        write_answer_mails,
        "UPDATE support_tallies SET mailed_seq = 0 WHERE conversation_id IN "
        + _some("visitor_id IN (SELECT visitor_id FROM support_contacts WHERE email <> '')"),
    ),
    "erasing": Timed(
        erase_expired,
        "UPDATE support_inboxes SET keeps_days = 600 WHERE id = %(inbox)s",
        "UPDATE support_inboxes SET keeps_days = NULL WHERE id = %(inbox)s",
    ),
}


def time_jobs(desk: FilledDesk) -> dict[str, Any]:
    """Milliseconds of CPU of each, here and of the services, and of large tables the rows that it looked through."""
    given = {"desk": desk.inbox.desk_id, "inbox": desk.inbox.pk, "due": DUE}
    count_desks()
    return {f"clockwork ms, {name}": _time(job, given) for name, job in JOBS.items()}


def _time(job: Timed, given: Mapping[str, Any]) -> dict[str, Any]:
    job.do()
    scans = read_scans()
    idle, _ = _cpu_ms(job, times=TIMES)
    figures: dict[str, Any] = {"nothing_due": idle}
    figures["scanned"] = since(scans, scans := read_scans(), times=TIMES)
    if job.make_due:
        _execute(job.make_due, given)
        spent, done = _cpu_ms(job, times=1)
        if job.rest:
            _execute(job.rest, given)
        figures |= {f"{DUE}_due": spent, "done": done, "scanned_then": since(scans, read_scans())}
    return figures


def _cpu_ms(job: Timed, *, times: int) -> tuple[dict[str, float], object]:
    before, done = _used(), None
    for _ in range(times):
        done = job.do()
    return {part: round((used - before[part]) * 1000 / times, 1) for part, used in _used().items()}, done


def _used() -> dict[str, float]:
    return {"python": time.process_time(), **services_cpu(DATA), "seconds": time.perf_counter()}


def _execute(statement: str, given: Mapping[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)

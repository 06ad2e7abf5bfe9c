"""Exports the audit log as a file: the lines that the list shows with its filters, newest first."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse

from chat import clock
from chat.admin import columns
from chat.models import AuditEntry

#: The most lines of one file; for more lines, filter by day.
MOST_EXPORTED = 20_000
#: Rows that are read at once.
_CHUNK = 1000
HEADS = ("id", "when", "who", "what", "whom", "channel", "message", "why", "more", "door", "address")


def exported(rows: "QuerySet[AuditEntry]") -> HttpResponse:
    """At most MOST_EXPORTED lines; when there are more, the last one says so."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADS)
    for number, row in enumerate(_newest(rows)):
        if number == MOST_EXPORTED:
            writer.writerow((f"There are more than {MOST_EXPORTED:,} lines: filter by day.",))
            break
        writer.writerow([_cell(value) for value in _line(row)])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{clock.now():%Y-%m-%d}.csv"'
    return response


def _newest(rows: "QuerySet[AuditEntry]") -> Iterator[AuditEntry]:
    rows = rows.select_related("actor", "whom", "channel").order_by("-pk")
    chunk = list(rows[:_CHUNK])
    while chunk:
        yield from chunk
        chunk = list(rows.filter(pk__lt=chunk[-1].pk)[:_CHUNK])


def _line(row: AuditEntry) -> tuple[Any, ...]:
    who = row.actor.username if row.actor else "the console"
    where = columns.channel_name(row.channel) if row.channel else ""
    more = json.dumps(row.details, ensure_ascii=False) if row.details else ""
    whom = row.whom.username if row.whom else ""
    when = row.created_at.isoformat()
    return (
        row.pk,
        when,
        who,
        row.act,
        whom,
        where,
        row.message_id or "",
        row.reason,
        more,
        row.door,
        row.address or "",
    )


def _cell(value: Any) -> str:
    """The cell's text, quoted if a spreadsheet would read it as a formula."""
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

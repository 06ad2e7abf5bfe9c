"""The checker of files: whole and the same for every member who asks, nothing for all others, one message each, gone with it."""

from collections import defaultdict

from tests.faults.findings import Report
from tests.faults.history import Command, Fetched, Given, History
from tests.faults.rows import Row, Rows


def check_files(report: Report, history: History, rows: Rows) -> None:
    """Of the files that were given for messages, and of those that were asked for when all was quiet."""
    carriers: dict[int, list[Row]] = defaultdict(list)
    for row in rows.messages:
        for file in row.files:
            carriers[file].append(row)
    for file, twins in carriers.items():
        if len(twins) > 1:
            report.add("twice", f"{len(twins)} messages have the file {file}", twins)
    kept = {(row.sender, row.key): row for row in rows.messages}
    given: dict[int, Given] = {}
    takers: dict[int, Row] = {}
    for event in history.of(Given):
        given[event.file] = event
        # Of all that asked for it, the one that was accepted: told by the log, for the file's own row may be swept away by now.
        if taker := kept.get((event.user, event.key)):
            takers[event.file] = taker
    _check_accepted(report, history, kept)
    for fetched in history.of(Fetched):
        taker = next(iter(carriers[fetched.file]), takers.get(fetched.file))
        _check_fetched(report, fetched, given[fetched.file], taker, rows)


def _check_accepted(report: Report, history: History, kept: dict[tuple[int, str], Row]) -> None:
    wanted = {(event.user, event.key): event for event in history.of(Given)}
    for ok in (command for command in history.of(Command) if command.phase == "ok"):
        event, row = wanted.get((ok.user, ok.key)), kept.get((ok.user, ok.key))
        if event is not None and row is not None and not row.is_deleted and event.file not in row.files:
            report.add("lost", f"{ok.body!r} was acknowledged and has lost its file {event.file}", [event, row])


def _check_fetched(report: Report, fetched: Fetched, given: Given, taker: Row | None, rows: Rows) -> None:
    if taker is None:
        may_read = fetched.user == given.user
    else:
        may_read = not taker.is_deleted and (taker.channel, fetched.user) in rows.members
    if may_read and fetched.status != 200:
        report.add(
            "lost",
            f"{fetched.user} may read the file {fetched.file} and got {fetched.status}",
            [given, taker or "no message took it", fetched],
        )
    elif may_read and fetched.digest != given.digest:
        report.add("lost", f"the file {fetched.file} has other bytes than were given", [given, fetched])
    elif not may_read and fetched.status != 404:
        report.add("leak", f"{fetched.user} may not read the file {fetched.file} and got {fetched.status}", [fetched])

"""Histories and rows written by hand, for tests of the checker."""

from dataclasses import replace
from typing import Any

from tests.faults.checker import check
from tests.faults.findings import Report
from tests.faults.history import (
    Command,
    Event,
    Final,
    History,
    Shown,
)
from tests.faults.rows import Row, Rows

ALICE, BOB = 1, 2
TEAM = 10


def joined(seq: int, user: int) -> Row:
    return Row(
        channel=TEAM,
        seq=seq,
        rev=seq,
        sender=ALICE,
        key=f"j{seq}",
        body="",
        kind="system",
        event=("member.joined", user),
    )


def removed(seq: int, user: int) -> Row:
    return replace(joined(seq, user), event=("member.removed", user))


def text(seq: int, *, rev: int = 0, sender: int = ALICE, body: str = "", key: str = "") -> Row:
    return Row(channel=TEAM, seq=seq, rev=rev or seq, sender=sender, key=key or f"k{seq}", body=body or f"say {seq}")


def invoke(key: int, *, at: float, ref: int = 0, connection: int = 1) -> Command:
    return Command(
        at=at, client="alice", user=ALICE, connection=connection, ref=ref or key, phase="invoke", channel=TEAM,
        key=f"k{key}", body=f"say {key}",
    )  # fmt: skip


def ok(key: int, *, at: float, seq: int = 0, **fields: Any) -> Command:
    return replace(invoke(key, at=at, **fields), phase="ok", seq=seq or key)


def shown(seq: int, *, at: float = 0.0, rev: int = 0, **fields: Any) -> Shown:
    return Shown(
        at=at, client="bob", user=BOB, connection=1, channel=TEAM, rev=rev or seq, seq=seq, sender=ALICE, key=f"k{seq}",
        body=f"say {seq}", kind="text", **fields,
    )  # fmt: skip


def final(*seqs: int, head: int = 4, is_whole: bool = True) -> Final:
    return Final(
        client="bob", user=BOB, is_whole=is_whole, held={TEAM: head}, starts={TEAM: 2},
        views={TEAM: {seq: (seq, f"say {seq}") for seq in seqs}},
    )  # fmt: skip


GOOD_ROWS = Rows(
    messages=[joined(1, ALICE), joined(2, BOB), text(3), text(4)],
    heads={TEAM: 4},
    members={(TEAM, ALICE), (TEAM, BOB)},
)


GOOD: list[Event] = [
    invoke(3, at=1), ok(3, at=2), shown(3, at=2), invoke(4, at=3), ok(4, at=4), shown(4, at=4), final(3, 4),
]  # fmt: skip


def report_of(*events: Event, rows: Rows = GOOD_ROWS, **options: Any) -> Report:
    return check(History(events), rows, **options)


def kinds(report: Report) -> set[str]:
    return {finding.kind for finding in report.findings}


def rows_with(*messages: Row, head: int = 0, members: tuple[int, ...] = (ALICE, BOB)) -> Rows:
    return Rows(
        messages=list(messages),
        heads={TEAM: head or max(row.rev for row in messages)},
        members={(TEAM, user) for user in members},
    )

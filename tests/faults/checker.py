"""The checker: compares what clients got with the rows of the database and with the laws L1 to L5.

Knows neither sockets nor services: a history and rows in, findings with their evidence out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from tests.faults.findings import Report
from tests.faults.given import check_files
from tests.faults.history import (
    Command,
    Fetched,
    Final,
    Frame,
    Given,
    History,
    Linked,
    Revoked,
    Shown,
    Silence,
    Synced,
    Told,
)
from tests.faults.recovery import recoveries
from tests.faults.rows import Memberships, Row, Rows

#: A revoked login hears nothing after so long, whatever has failed (DESIGN.md, L4), with a little for the way.
REVOKED_SECONDS = 32.0


def check(history: History, rows: Rows, *, revoked_seconds: float = REVOKED_SECONDS) -> Report:
    """Every law over the whole history. An empty `findings` means that nothing was seen to be broken."""
    report = Report(counts=_counts(history, rows), recoveries=recoveries(history))
    memberships = Memberships(rows)
    _check_acknowledged(report, history, rows)
    _check_views(report, history, rows, memberships)
    _check_once(report, history, rows)
    _check_live_order(report, history)
    _check_senders_order(report, history)
    _check_numbers(report, rows)
    _check_gaps(report, history)
    _check_leaks(report, history, rows, memberships)
    _check_revoked(report, history, revoked_seconds)
    _check_refusals(report, history)
    check_files(report, history, rows)
    for silence in history.of(Silence):
        report.add(
            "silent", f"{silence.client} had no answer for {silence.seconds:.0f} s on a living connection", [silence]
        )
    return report


# ---- lost ----


def _check_acknowledged(report: Report, history: History, rows: Rows) -> None:
    kept = {(row.sender, row.key): row for row in rows.messages}
    for ok in (command for command in history.of(Command) if command.phase == "ok"):
        row = kept.get((ok.user, ok.key))
        if row is None:
            report.add("lost", f"{ok.body!r} was acknowledged and is not in the database", [ok])
        elif (row.channel, row.seq) != (ok.channel, ok.seq) or ok.code:
            report.add(
                "lost", f"{ok.body!r} was acknowledged as something else than what is in the database", [ok, row]
            )


def _check_views(report: Report, history: History, rows: Rows, memberships: Memberships) -> None:
    by_channel: dict[int, list[Row]] = defaultdict(list)
    for row in rows.messages:
        by_channel[row.channel].append(row)
    for final in history.of(Final):
        if final.is_whole:
            _check_following(report, final, rows)
            for channel in final.held:
                start = max(final.starts.get(channel, 2**63), memberships.begin(channel, final.user))
                _check_view(report, final, channel, [row for row in by_channel[channel] if row.seq > start])


def _check_following(report: Report, final: Final, rows: Rows) -> None:
    follows, belongs = set(final.held), {channel for channel, user in rows.members if user == final.user}
    for channel in belongs - follows:
        report.add("lost", f"{final.client} is a member of {channel} and does not follow it")
    for channel in (follows - belongs) & set(rows.heads):
        report.add("leak", f"{final.client} follows {channel} and is no member of it")
    for channel in follows & belongs:
        if final.held[channel] != rows.heads.get(channel):
            report.add(
                "lost",
                f"{final.client} holds {final.held[channel]} of {channel}, whose head is {rows.heads.get(channel)}",
            )


def _check_view(report: Report, final: Final, channel: int, expected: Sequence[Row]) -> None:
    view = final.views.get(channel, {})
    missing = [row for row in expected if row.seq not in view]
    if missing:
        report.add("lost", f"{len(missing)} messages of {channel} were never shown to {final.client}", missing)
    other = [(row, view[row.seq]) for row in expected if row.seq in view and view[row.seq] != (row.rev, row.look)]
    if other:
        report.add("lost", f"{len(other)} messages of {channel} look different to {final.client}", other)


# ---- twice ----


def _check_once(report: Report, history: History, rows: Rows) -> None:
    by_key: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in rows.messages:
        by_key[row.sender, row.key].append(row)
    for (_, key), twins in by_key.items():
        if len(twins) > 1:
            report.add("twice", f"there are {len(twins)} rows of one client_msg_id {key}", twins)
    seen: dict[tuple[str, int, int, int], Shown] = {}
    places: dict[tuple[str, int, str], Shown] = {}
    for shown in history.of(Shown):
        first = seen.setdefault((shown.client, shown.channel, shown.seq, shown.rev), shown)
        if first is not shown and shown.live:
            report.add("twice", f"{shown.client} was shown {shown.channel}/{shown.seq} twice", [first, shown])
        first = places.setdefault((shown.client, shown.sender, shown.key), shown)
        if first.seq != shown.seq:
            report.add("twice", f"{shown.client} was shown one message at two places", [first, shown])


# ---- order ----


def _check_live_order(report: Report, history: History) -> None:
    last: dict[tuple[str, int], Shown] = {}
    for shown in history.of(Shown):
        if shown.live:
            before = last.get((shown.client, shown.channel))
            if before is not None and shown.rev < before.rev:
                report.add(
                    "order", f"{shown.client} was shown {shown.channel}/{shown.rev} after {before.rev}", [before, shown]
                )
            last[shown.client, shown.channel] = shown


def _check_senders_order(report: Report, history: History) -> None:
    """What was acknowledged before the next was sent stands before it; so does what went before it on one connection."""
    oks: dict[tuple[int, str], Command] = {}
    invokes: dict[tuple[int, str], list[Command]] = defaultdict(list)
    for command in history.of(Command):
        if command.phase == "ok":
            oks.setdefault((command.user, command.key), command)
        elif command.phase == "invoke":
            invokes[command.user, command.key].append(command)
    lanes: dict[tuple[int, int], list[tuple[float, int, Command]]] = defaultdict(list)
    pipes: dict[tuple[str, int, int], list[tuple[int, Command]]] = defaultdict(list)
    for identity, ok in oks.items():
        first = invokes[identity][0] if invokes[identity] else ok
        lanes[ok.user, ok.channel] += [(first.at, 0, ok), (ok.at, 1, ok)]
        if len(invokes[identity]) == 1:
            pipes[ok.client, ok.connection, ok.channel].append((first.ref, ok))
    for steps in lanes.values():
        _check_lane(report, steps)
    for pipe in pipes.values():
        ordered = [ok for _, ok in sorted(pipe, key=lambda step: step[0])]
        for before, after in pairwise(ordered):
            if after.seq < before.seq:
                report.add(
                    "order",
                    f"{after.client} sent {after.body!r} after {before.body!r} on one connection",
                    [before, after],
                )


def _check_lane(report: Report, steps: list[tuple[float, int, Command]]) -> None:
    highest: Command | None = None
    for _, is_done, ok in sorted(steps, key=lambda step: step[:2]):
        if is_done:
            highest = ok if highest is None or ok.seq > highest.seq else highest
        elif highest is not None and ok.seq < highest.seq:
            report.add(
                "order",
                f"{ok.body!r} was sent after {highest.body!r} was acknowledged, and stands before it",
                [highest, ok],
            )


# ---- gaps ----


def _check_numbers(report: Report, rows: Rows) -> None:
    by_channel: dict[int, list[Row]] = defaultdict(list)
    for row in rows.messages:
        by_channel[row.channel].append(row)
    for channel, head in rows.heads.items():
        mine = by_channel[channel]
        numbers = Counter(row.seq for row in mine)
        for number in (number for number, count in numbers.items() if count > 1):
            report.add("gap", f"{channel} has the number {number} more than once", [r for r in mine if r.seq == number])
        if max((row.rev for row in mine), default=0) != head:
            report.add("gap", f"the head of {channel} is {head}, its last change is another", mine[-1:])
        # A change of a change leaves the number between them without a row: only unchanged channels must be dense.
        holes = set(range(1, head + 1)) - set(numbers) - {row.rev for row in mine}
        if holes and all(row.rev == row.seq for row in mine):
            report.add("gap", f"{channel} has no row for {len(holes)} of its {head} numbers", sorted(holes))


def _check_gaps(report: Report, history: History) -> None:
    """A frame that left a gap is followed by a repair on that connection, or by the connection's end."""
    open_gaps: dict[tuple[str, int, int], Frame] = {}
    for event in history:
        if isinstance(event, Frame) and event.verdict == "gap":
            open_gaps.setdefault((event.client, event.connection, event.channel), event)
        elif isinstance(event, Synced):
            for channel in event.heads:
                open_gaps.pop((event.client, event.connection, channel), None)
            for channel, head in event.heads.items():
                if event.held.get(channel, 0) > head and channel not in event.resync:
                    report.add(
                        "gap",
                        f"{event.client} held more of {channel} than there is, and was told that all is well",
                        [event],
                    )
        elif isinstance(event, Told) and event.action in ("removed", "left"):
            open_gaps.pop((event.client, event.connection, event.channel), None)
        elif isinstance(event, Linked) and event.what == "closed":
            for key in [key for key in open_gaps if key[:2] == (event.client, event.connection)]:
                del open_gaps[key]
    for frame in open_gaps.values():
        report.add("gap", f"{frame.client} asked for what it missed of {frame.channel}, and was not answered", [frame])


# ---- leaks ----


def _check_leaks(report: Report, history: History, rows: Rows, memberships: Memberships) -> None:
    for shown in history.of(Shown):
        if shown.live and shown.channel in rows.heads and not memberships.covers(shown.channel, shown.user, shown.rev):
            report.add("leak", f"{shown.client} was shown {shown.channel}/{shown.rev} and was no member then", [shown])
    for frame in history.of(Frame):
        if frame.verdict == "unfollowed":
            report.add("leak", f"{frame.client} got a frame of {frame.channel}, which it does not follow", [frame])
    for row in rows.messages:
        if row.kind == "text" and not memberships.covers(row.channel, row.sender, row.seq):
            report.add("leak", f"{row.sender} wrote in {row.channel} and was no member then", [row])


def _check_revoked(report: Report, history: History, seconds: float) -> None:
    revoked = _revoked(history)
    for shown in history.of(Shown) if revoked else ():
        event = revoked.get(shown.client) or revoked.get(shown.user)
        if event is not None and shown.at > event.at + (event.seconds or seconds):
            report.add(
                "leak",
                f"{shown.client} was shown something {shown.at - event.at:.1f} s after its login ended",
                [event, shown],
            )


def _check_refusals(report: Report, history: History) -> None:
    """403 says that the login does not hold, and a client believes it: what is only away or ending must say 503."""
    revoked = _revoked(history)
    for link in history.of(Linked):
        is_end = link.code == 403 or (link.what == "closed" and 4500 <= link.code <= 4999)
        if is_end and link.user not in revoked and link.client not in revoked:
            report.add("untrue", f"{link.client} was told for good that it may not come in ({link.code})", [link])


def _revoked(history: History) -> dict[int | str, Revoked]:
    """By user, or by the name of the one client whose login has ended."""
    return {event.client or event.user: event for event in history.of(Revoked)}


# ---- counts ----


def _counts(history: History, rows: Rows) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for event in history:
        match event:
            case Command(phase=phase):
                counts[phase] += 1
                counts["duplicate"] += event.duplicate
            case Shown(live=live):
                counts["shown live" if live else "shown from history"] += 1
            case Frame(verdict=verdict):
                counts[f"frames: {verdict}"] += 1
            case Linked(what=what, code=code):
                counts[f"connections: {what}"] += 1
                if code:
                    counts[f"connections: {what} with {code}"] += 1
            case Synced(resync=resync):
                counts["resync"] += len(resync)
            case Given():
                counts["files posted"] += 1
            case Fetched(status=status):
                counts[f"files read: {status}"] += 1
    return {"rows": len(rows.messages), **dict(sorted(counts.items()))}

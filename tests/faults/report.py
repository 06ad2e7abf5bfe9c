"""A report for people: as text, and as one HTML page without anything to load."""

import html
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.findings import KINDS, Report
from tests.faults.recovery import Recovery

NAMES = {
    "lost": "lost", "twice": "doubled", "order": "out of order", "gap": "gaps", "leak": "leaked",
    "untrue": "untrue",
    "silent": "never answered", "late": "too late", "grown": "grown",
}  # fmt: skip
FIGURES = ("first_ok", "caught_up", "back", "slowest", "answer")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One scenario's report, with what is needed to play it again. `seconds`: how long it was played."""

    scenario: str
    seed: int
    seconds: float
    report: Report


def text(outcome: Outcome) -> str:
    report = outcome.report
    counted = ", ".join(f"{report.totals[kind]} {NAMES[kind]}" for kind in KINDS)
    settled = "never" if report.settled_seconds is None else f"{report.settled_seconds:.1f} s after the load"
    lines = [f"{outcome.scenario} (seed {outcome.seed}, {outcome.seconds:.0f} s): {counted}; whole {settled}"]
    lines += [f"  {name}: {count}" for name, count in report.counts.items() if count]
    for kind in KINDS:
        for finding in report.of(kind)[:10]:
            lines += [f"  {NAMES[kind]}: {finding.sentence}", *(f"      {line}" for line in finding.evidence)]
    return "\n".join([*lines, *_table(report.recoveries)])


def _table(recoveries: Sequence[Recovery]) -> list[str]:
    if not recoveries:
        return []
    head = (
        f"  {'fault':<34}{'times':>6}" + "".join(f"{figure:>20}" for figure in FIGURES) + "   (median / worst, seconds)"
    )
    return [
        head,
        *(
            f"  {name:<34}{count:>6}" + "".join(f"{cell:>20}" for cell in cells)
            for name, count, cells in _rows(recoveries)
        ),
    ]


def _rows(recoveries: Sequence[Recovery]) -> list[tuple[str, int, list[str]]]:
    by_fault: dict[str, list[Recovery]] = defaultdict(list)
    for recovery in recoveries:
        by_fault[recovery.fault].append(recovery)
    return [(name, len(mine), [_cell(mine, figure) for figure in FIGURES]) for name, mine in sorted(by_fault.items())]


def _cell(recoveries: Sequence[Recovery], figure: str) -> str:
    values = [value for recovery in recoveries if (value := getattr(recovery, figure)) is not None]
    return f"{statistics.median(values):.2f} / {max(values):.2f}" if values else "–"


def page(outcomes: Sequence[Outcome]) -> str:
    is_clean = not any(outcome.report.findings for outcome in outcomes)
    verdict = "Nothing was lost, doubled, out of order or leaked" if is_clean else "There are findings"
    sections = "".join(_section(outcome) for outcome in outcomes)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Gapless: what survived</title>"
        "<style>body{font:16px/1.5 system-ui;max-width:70rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}"
        "td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ccc}td:first-child,th:first-child{text-align:left}"
        ".bad{color:#b00020;font-weight:600}pre{white-space:pre-wrap;font-size:13px}</style>"
        f"<h1>{verdict}</h1>{sections}</html>"
    )


def _section(outcome: Outcome) -> str:
    report = outcome.report
    totals = "".join(f'<td class="{"bad" if n else ""}">{n}' for n in report.totals.values())
    recoveries = "".join(
        f"<tr><td>{html.escape(name)}<td>{count}" + "".join(f"<td>{cell}" for cell in cells)
        for name, count, cells in _rows(report.recoveries)
    )
    findings = "".join(
        f"<h3 class=bad>{NAMES[f.kind]}: {html.escape(f.sentence)}</h3><pre>{html.escape(chr(10).join(f.evidence))}</pre>"
        for f in report.findings[:50]
    )
    settled = "never" if report.settled_seconds is None else f"{report.settled_seconds:.1f} s"
    return (
        f"<h2>{html.escape(outcome.scenario)}</h2><p>Seed {outcome.seed}, {outcome.seconds:.0f} s; whole again: {settled}</p>"
        f"<table><tr>{''.join(f'<th>{name}' for name in NAMES.values())}<tr>{totals}</table>{findings}"
        f"<h3>Recovery, seconds (median / worst)</h3><table><tr><th>fault<th>times"
        f"{''.join(f'<th>{figure}' for figure in FIGURES)}{recoveries}</table>"
        f"<h3>Counts</h3><table>{''.join(f'<tr><td>{html.escape(k)}<td>{v:,}' for k, v in report.counts.items())}</table>"
    )

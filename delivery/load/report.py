"""A load test as one HTML file: its verdicts, its figures, and plots as SVG; nothing is loaded from anywhere."""

import html
import json
import math
from collections.abc import Sequence
from itertools import pairwise

from delivery.load.run import Outcome, Sample
from delivery.load.tally import quantiles

Points = Sequence[tuple[float, float]]

_COLOURS = ("#2563eb", "#d97706", "#dc2626")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 240, 56, 28, 22
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 1400px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .25rem .75rem; text-align: left; border-bottom: 1px solid #8884; }
.plots { display: flex; margin: 2rem 0; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; } figcaption { font-weight: 600; }
svg { max-width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; } .grid { stroke: #8883; }
.passed { color: #16a34a; } .failed { color: #dc2626; } pre { overflow: auto; }
"""


def render(outcome: Outcome) -> str:
    """The whole page."""
    verdict = "passed" if outcome.passed else "failed"
    rows = "".join(
        f'<tr><td class="{_word(test.passed)}">{_word(test.passed)}</td><td>{html.escape(test.name)}</td>'
        f"<td>{html.escape(test.says)}</td></tr>"
        for test in outcome.tests
    )
    plots = "".join(
        (
            _plot("From sending to the last receiver", "ms", _latency_lines(outcome.latencies)),
            _plot("Share of messages that had arrived everywhere", "%", _distribution(outcome.latencies), x="ms"),
            _plot("Messages and deliveries a second", "1/s", _rates(outcome.samples)),
            _plot("The server's CPU and memory", "% and MB", _usage(outcome.samples)),
        )
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Load test: {verdict}</title><style>{_STYLE}</style>'
        f'<h1>Load test: <span class="{verdict}">{verdict}</span></h1><table>{rows}</table>'
        f'<div class="plots">{plots}</div><h2>Figures</h2><pre>{html.escape(json.dumps(outcome.as_json(), indent=2))}</pre>'
    )


def _word(passed: bool) -> str:
    return "passed" if passed else "failed"


def _latency_lines(latencies: Points) -> dict[str, Points]:
    by_second: dict[int, list[float]] = {}
    for at, seconds in latencies:
        by_second.setdefault(int(at), []).append(seconds)
    lines: dict[str, list[tuple[float, float]]] = {"p50": [], "p95": [], "p99": []}
    for second in sorted(by_second):
        found = quantiles(by_second[second])
        for name, line in lines.items():
            line.append((second, found[name] or 0.0))
    return dict(lines)


def _distribution(latencies: Points) -> dict[str, Points]:
    ordered = sorted(seconds * 1000 for _, seconds in latencies)
    step = max(1, len(ordered) // 200)
    return {"messages": [(ordered[n], (n + 1) / len(ordered) * 100) for n in range(0, len(ordered), step)]}


def _rates(samples: Sequence[Sample]) -> dict[str, Points]:
    return {
        "messages": [(b.at, (b.answered - a.answered) / (b.at - a.at)) for a, b in _steps(samples)],
        "deliveries": [(b.at, (b.deliveries - a.deliveries) / (b.at - a.at)) for a, b in _steps(samples)],
    }


def _usage(samples: Sequence[Sample]) -> dict[str, Points]:
    return {
        "CPU %": [(b.at, max(0.0, b.cpu_seconds - a.cpu_seconds) / (b.at - a.at) * 100) for a, b in _steps(samples)],
        "memory MB": [(sample.at, sample.resident_bytes / 2**20) for sample in samples],
    }


def _steps(samples: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
    # The last one may be too short to say anything of a second.
    return [(a, b) for a, b in pairwise(samples) if b.at - a.at > 0.5]


def _round_up(value: float) -> float:
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value)


def _plot(title: str, unit: str, lines: dict[str, Points], *, x: str = "s") -> str:
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    most_x, most_y = max(p[0] for p in points) or 1, _round_up(max(p[1] for p in points))

    def place(point: tuple[float, float]) -> str:
        across = _LEFT + point[0] / most_x * (_WIDTH - _LEFT - 8)
        return f"{across:.1f},{_HEIGHT - _BOTTOM - point[1] / most_y * (_HEIGHT - _BOTTOM - _TOP):.1f}"

    drawn = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{" ".join(map(place, line))}"/>'
        f'<text x="{_LEFT + 40 + number * 110}" y="{_TOP - 8}" style="fill:{colour}">{html.escape(name)}</text>'
        for number, ((name, line), colour) in enumerate(zip(lines.items(), _COLOURS, strict=False))
    )
    return (
        f'<figure><figcaption>{html.escape(title)}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img" '
        f'aria-label="{html.escape(title)}">{_grid(most_x, most_y, unit=unit, x=x)}{drawn}</svg></figure>'
    )


def _grid(most_x: float, most_y: float, *, unit: str, x: str) -> str:
    lines = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        height = _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)
        across = _LEFT + share * (_WIDTH - _LEFT - 8)
        anchor = "end" if share == 1 else "middle"
        lines.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{height:.1f}" y2="{height:.1f}"/>')
        lines.append(f'<text x="{_LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{most_y * share:.3g}</text>')
        lines.append(
            f'<text x="{across:.1f}" y="{_HEIGHT - 10}" text-anchor="{anchor}">{most_x * share:.3g} {x}</text>'
        )
    return "".join(lines) + f'<text x="4" y="{_TOP - 8}">{html.escape(unit)}</text>'

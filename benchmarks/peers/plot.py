"""A drawing of what a delivery costs each peer: bars on a logarithmic scale, as SVG. Knows no files."""

import math
from collections.abc import Mapping
from html import escape
from typing import Any

LEFT, WIDTH, BAR, GAP = 190, 430, 14, 4
#: Microseconds of CPU at the left and the right end.
LEAST, MOST = 1.0, 10_000.0
PARTS = {"web_us": "#3b6fd4", "services_us": "#d49a3b"}


def plotted(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """`found`: by peer and row, the CPU of the process and of the services."""
    shapes: list[str] = []
    top = 24
    for row in next(iter(found.values())):
        shapes.append(_text(4, top, f"{row}: µs of CPU a delivery", weight="bold"))
        top += 10
        for name, rows in found.items():
            shapes.append(_text(LEFT - 8, top + BAR - 2, name, anchor="end"))
            for part, colour in PARTS.items():
                # None: it fell behind before.
                value = float(rows[row][part]) if row in rows else LEAST
                length = _length(value)
                shapes.append(f'<rect x="{LEFT}" y="{top}" width="{length:.0f}" height="{BAR // 2}" fill="{colour}"/>')
                shapes.append(_text(LEFT + length + 4, top + BAR // 2, f"{value:g}", size=8))
                top += BAR // 2
            top += GAP
        top += 22
    key = "process: blue; PostgreSQL and Valkey: yellow; logarithmic"
    body = "\n".join([*shapes, _text(4, top, key)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 60}" height="{top + 12}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _length(value: float) -> float:
    return WIDTH * max(0.0, math.log(max(value, LEAST) / LEAST) / math.log(MOST / LEAST))


def _text(x: float, y: float, said: str, *, anchor: str = "start", weight: str = "normal", size: int = 11) -> str:
    return f'<text x="{x:.0f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">{escape(said)}</text>'

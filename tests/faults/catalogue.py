"""The table of the scenarios in docs/faults.md, made from the scenarios themselves."""

import dataclasses
from collections.abc import Iterable

from tests.faults.scenarios import SCENARIOS, Bounds, Scenario
from tests.faults.services import ROOT

PAGE = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- table: scenarios -->", "<!-- end -->"

NAMES = {
    "answer": "answered within {} s", "first_ok": "first `ok` within {} s of the end", "back": "back within {} s",
    "slowest": "shown to all within {} s", "caught_up": "caught up within {} s", "whole": "whole within {} s",
}  # fmt: skip


def renewed(page: str) -> str:
    """The page with the table as the scenarios are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{catalogue()}\n{END}{after}"


def catalogue() -> str:
    """Markdown: one line a scenario, by what is hurt."""
    lines = ["| hurt | scenario | what happens | beside the laws | must notice |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*lines, *map(_line, sorted(SCENARIOS.values(), key=lambda scenario: scenario.family))])


def _line(scenario: Scenario) -> str:
    said = " ".join((scenario.play.__doc__ or "").split())
    cells = [scenario.family, scenario.name, said, ", ".join(_promises(scenario.bounds)), ", ".join(scenario.breaks)]
    return f"| {' | '.join(cell or '–' for cell in cells)} |"


def _promises(bounds: Bounds) -> Iterable[str]:
    for name, seconds in dataclasses.asdict(bounds).items():
        if seconds is not None:
            yield NAMES[name].format(f"{seconds:g}")

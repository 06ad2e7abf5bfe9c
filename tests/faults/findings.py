"""The findings of a check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.faults.history import Event
from tests.faults.recovery import Recovery
from tests.faults.rows import Row

KINDS = ("lost", "twice", "order", "gap", "leak", "untrue", "silent", "late", "grown")


MOST_EVIDENCE = 6


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`kind`: one of KINDS; `evidence`: lines from the history and the rows."""

    kind: str
    sentence: str
    evidence: list[str]


@dataclass(kw_only=True)
class Report:
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    #: From the end of the load until everybody was whole; None when it did not come to that.
    settled_seconds: float | None = None

    def add(self, kind: str, sentence: str, evidence: Iterable[object] = ()) -> None:
        self.findings.append(
            Finding(kind=kind, sentence=sentence, evidence=[_line(e) for e in list(evidence)[:MOST_EVIDENCE]])
        )

    def of(self, kind: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.kind == kind]

    @property
    def totals(self) -> dict[str, int]:
        return {kind: len(self.of(kind)) for kind in KINDS}

    def __str__(self) -> str:
        lines = [f"{kind}: {finding.sentence}\n    " + "\n    ".join(finding.evidence)
                 for kind in KINDS for finding in self.of(kind)[:5]]  # fmt: skip
        return "\n".join([str(self.totals), *lines])


def _line(evidence: Any) -> str:
    if isinstance(evidence, Event | Row):
        shown = {name: value for name, value in asdict(evidence).items() if value not in ("", 0, False, {}, [])}
        if "at" in shown:
            shown["at"] = round(shown["at"], 3)
        return f"{type(evidence).__name__} {shown}"
    return str(evidence)

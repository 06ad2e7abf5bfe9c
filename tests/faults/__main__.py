"""`bin/faults`: everything at once for some minutes, single scenarios, a soak, or the matrix of scenarios and broken builds.

Writes a report; the exit code is 1 when there are findings.
"""

import argparse
import asyncio
import dataclasses
import json
import logging
import random
import shutil
import sys
import time
from pathlib import Path

from tests.faults.breakages import BREAKAGES
from tests.faults.catalogue import PAGE, renewed
from tests.faults.cluster import Cluster
from tests.faults.history import History
from tests.faults.matrix import breakages, play_matrix, table
from tests.faults.report import Outcome, page, text
from tests.faults.scenarios import LONG, OFTEN, SCENARIOS, SHORT, Bounds, Run, Scenario, Size, everything, perform
from tests.faults.soak import soak

EVERYTHING, SOAK = "everything", "soak"
#: Beyond what everything at once and a soak are asked to last: coming in, mending, becoming whole.
BESIDE_SECONDS = 300
#: Everybody is whole so soon after everything at once (docs/faults.md).
WHOLE = 30.0


def main() -> int:
    options = _options()
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    if options.table:
        PAGE.write_text(renewed(PAGE.read_text()))
        return 0
    if options.matrix:
        return asyncio.run(_play_matrix(options))
    outcomes = asyncio.run(_play_all(options))
    if options.json:
        options.json.write_text(json.dumps([dataclasses.asdict(outcome) for outcome in outcomes], indent=1))
    if options.report:
        options.report.write_text(page(outcomes))
    findings = sum(len(outcome.report.findings) for outcome in outcomes)
    print(f"\n{findings} findings, seed {options.seed}")
    return 1 if findings else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, help="of everything at once (default: 1)")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="nobody is hurt: is everything flat in the end?")
    parser.add_argument(
        "--matrix", action="store_true", help="which scenario notices which broken build; --json keeps what was played"
    )
    parser.add_argument("--table", action="store_true", help="renews the table of the scenarios in docs/faults.md")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="what was random once is so again")
    names = [EVERYTHING, *SCENARIOS]
    parser.add_argument(
        "--scenario", action="append", metavar="NAME", help=f"instead of everything: all, or {', '.join(names)}"
    )
    parser.add_argument("--short", action="store_true", help="the size that bin/test plays")
    parser.add_argument(
        "--broken",
        action="append",
        metavar="BUILD",
        default=[],
        help=f"several are joined by +: {', '.join(BREAKAGES)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the report for programs")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="the report as a page")
    parser.add_argument("--history", type=Path, metavar="FOLDER", help="keep histories and logs there, as JSON lines")
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=NUMBER", help="a limit of the product")
    options = parser.parse_args()
    options.scenario = options.scenario or ["all" if options.matrix else EVERYTHING]
    if options.soak:
        options.scenario = [SOAK]
    if options.scenario == ["all"]:
        options.scenario = list(SCENARIOS)
    for build in options.broken:
        breakages(build)
    unknown = set(options.scenario) - {*names, SOAK}
    if unknown:
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    return options


async def _play_all(options: argparse.Namespace) -> list[Outcome]:
    outcomes = []
    async with Cluster(seed=options.seed, **_limits(options)) as cluster:
        for web in cluster.webs:
            web.is_counted = bool(options.soak)
        if options.broken or options.soak:
            await cluster.break_with(*breakages("+".join(options.broken)))
        for name in options.scenario:
            started = time.monotonic()
            report, history = await perform(cluster, *_chosen(name, options), seed=options.seed)
            outcomes.append(
                Outcome(scenario=name, seed=options.seed, seconds=time.monotonic() - started, report=report)
            )
            print(text(outcomes[-1]), flush=True)
            _keep(options.history, name, history)
        for web in cluster.webs if options.history else ():
            shutil.copy(web.log, options.history)
    return outcomes


def _chosen(name: str, options: argparse.Namespace) -> tuple[Scenario, Size]:
    size = SHORT if options.short else LONG
    if name in SCENARIOS:
        return SCENARIOS[name], size
    seconds = 60 * (options.soak or options.minutes)

    async def play(run: Run) -> None:
        await (soak if options.soak else everything)(run, seconds=seconds)

    return (
        Scenario(name=name, play=play, family=name, bounds=Bounds(whole=WHOLE)),
        dataclasses.replace(size, most=seconds + BESIDE_SECONDS),
    )


async def _play_matrix(options: argparse.Namespace) -> int:
    async with Cluster(seed=options.seed, **{**OFTEN, **_limits(options)}) as cluster:
        builds = options.broken or ["", *BREAKAGES]
        noticed = await play_matrix(cluster, builds, options.scenario, kept=options.json)
    print(table(noticed))
    return 0


def _limits(options: argparse.Namespace) -> dict[str, int]:
    often = OFTEN if options.short else {}
    return often | {name: int(number) for name, number in (limit.split("=") for limit in options.limit)}


def _keep(folder: Path | None, name: str, history: History) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        history.save(folder / f"{name.replace(' ', '-')}.jsonl")


if __name__ == "__main__":
    sys.exit(main())

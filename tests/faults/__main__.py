"""`bin/faults`: everything at once for some minutes, or single scenarios, and a report; exit code 1 when there are findings."""

import argparse
import asyncio
import dataclasses
import json
import logging
import random
import sys
import time
from pathlib import Path

from tests.faults.broken import BREAKAGES
from tests.faults.cluster import Cluster
from tests.faults.history import History
from tests.faults.report import Outcome, page, text
from tests.faults.scenarios import LONG, SCENARIOS, SHORT, Run, Scenario, Size, everything, perform
from tests.faults.scenarios.run import Bounds

EVERYTHING = "everything"


def main() -> int:
    options = _options()
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
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
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="what was random once is so again")
    names = [EVERYTHING, *SCENARIOS]
    parser.add_argument(
        "--scenario", action="append", metavar="NAME", help=f"instead of everything: all, or {', '.join(names)}"
    )
    parser.add_argument("--short", action="store_true", help="the size that bin/test plays")
    parser.add_argument(
        "--broken", choices=BREAKAGES, default="", metavar="BUILD", help=f"a broken build: {', '.join(BREAKAGES)}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="the report for programs")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="the report as a page")
    parser.add_argument("--history", type=Path, metavar="FOLDER", help="keep the histories there, as JSON lines")
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=NUMBER", help="a limit of the product")
    options = parser.parse_args()
    options.scenario = options.scenario or [EVERYTHING]
    if options.scenario == ["all"]:
        options.scenario = list(SCENARIOS)
    unknown = set(options.scenario) - set(names)
    if unknown:
        parser.error(f"there is no scenario {', '.join(sorted(unknown))}")
    return options


async def _play_all(options: argparse.Namespace) -> list[Outcome]:
    limits = {name: int(number) for name, number in (limit.split("=") for limit in options.limit)}
    outcomes = []
    async with Cluster(seed=options.seed, **limits) as cluster:
        if options.broken:
            await cluster.break_with(options.broken)
        for name in options.scenario:
            started = time.monotonic()
            report, history = await perform(cluster, *_chosen(name, options), seed=options.seed)
            outcomes.append(
                Outcome(scenario=name, seed=options.seed, seconds=time.monotonic() - started, report=report)
            )
            print(text(outcomes[-1]), flush=True)
            _keep(options.history, name, history)
    return outcomes


def _chosen(name: str, options: argparse.Namespace) -> tuple[Scenario, Size]:
    size = SHORT if options.short else LONG
    if name != EVERYTHING:
        return SCENARIOS[name], size

    async def play(run: Run) -> None:
        await everything(run, seconds=options.minutes * 60)

    return Scenario(name=name, play=play, family=EVERYTHING, bounds=Bounds()), size


def _keep(folder: Path | None, name: str, history: History) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        history.save(folder / f"{name.replace(' ', '-')}.jsonl")


if __name__ == "__main__":
    sys.exit(main())

"""The asking side of the stage hand (hand.py), a process with the product in it that runs verbs over the harness' database.

The harness itself has Django set up for another database (the tests' one), or not at all.
"""

import asyncio
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from delivery.children import die_with_parent
from tests.faults.services import ROOT


class Stage:
    """One verb at a time, from any thread."""

    def __init__(self, environ: dict[str, str], *, log: Path) -> None:
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "tests.faults.hand"],
                cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )  # fmt: skip
        self._lock = threading.Lock()

    async def ask(self, verb: str, *, announce: bool = True, **arguments: Any) -> Any:
        """What the verb returned. Raises VerbRefused with its sentence."""
        return await asyncio.to_thread(self._ask, {"verb": verb, "announce": announce, **arguments})

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or '{"error": "the stage hand has gone"}')
        if "error" in answer:
            raise VerbRefused(answer["error"])
        return answer["ok"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class VerbRefused(Exception):
    """The verb raised; the text is its type and sentence."""

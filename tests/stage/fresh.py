"""A setting as a new process reads it."""

import os
import subprocess
import sys

from tests.stage.servers import ROOT


def setting(expression: str, **environment: str) -> str:
    """A setting as a fresh process reads it."""
    return subprocess.run(
        [sys.executable, "-c", f"from chatproject import settings; print(settings.{expression})"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()

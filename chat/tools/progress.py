"""The progress of a long command: a bar on a terminal, and nothing in the mails and logs of timers."""

import sys

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def progress_bar(*columns: str | ProgressColumn) -> Progress:
    """A progress bar on stderr."""
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())

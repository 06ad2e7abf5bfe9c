"""Which release this is, and of which commit it was made: the one place of both."""

import contextlib
import functools
import subprocess

from chatproject import env

#: The number of the release. A release changes it here; its tag and its heading in CHANGELOG.md are the same number.
VERSION = "1.0.0"
UNKNOWN = "unknown"
SECONDS = 5


@functools.cache
def commit() -> str:
    """What an image says that it was made of (COMMIT), else what git says of this checkout, else `unknown`."""
    return env.text("COMMIT") or _said_by_git() or UNKNOWN


def _said_by_git() -> str:
    if not (env.BASE_DIR / ".git").exists():
        return ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        # Who serves is mostly not the account that owns the checkout, which git asks to be told.
        command = ["git", "-c", f"safe.directory={env.BASE_DIR}", "rev-parse", "--short=12", "HEAD"]
        done = subprocess.run(  # noqa: S603
            command, cwd=env.BASE_DIR, capture_output=True, text=True, check=True, timeout=SECONDS
        )
        return done.stdout.strip()
    return ""

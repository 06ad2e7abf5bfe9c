"""The release and the commit of this installation, in one place."""

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
    """The commit of the image (COMMIT), else of this checkout by git, else `unknown`."""
    return env.text("COMMIT") or _said_by_git() or UNKNOWN


def _said_by_git() -> str:
    if not (env.BASE_DIR / ".git").exists():
        return ""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        # The serving account is mostly not the owner of the checkout, so git needs it as a safe directory.
        command = ["git", "-c", f"safe.directory={env.BASE_DIR}", "rev-parse", "--short=12", "HEAD"]
        done = subprocess.run(  # noqa: S603
            command, cwd=env.BASE_DIR, capture_output=True, text=True, check=True, timeout=SECONDS
        )
        return done.stdout.strip()
    return ""

"""Where this machine has a Chromium; `python -m tests.stage.chromium` says by its exit code whether it has one."""

import shutil
import sys

#: The whole browser, as people use it.
WHOLE = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: What the tests drive: the same engine without a browser's windows and settings, which halves what a page costs the machine.
CHROMIUM = WHOLE and (shutil.which("chromium-headless-shell") or WHOLE)

if __name__ == "__main__":
    sys.exit(CHROMIUM is None)

"""Where this machine has a Chromium; `python -m tests.stage.chromium` says by its exit code whether it has one."""

import shutil
import sys

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

if __name__ == "__main__":
    sys.exit(CHROMIUM is None)

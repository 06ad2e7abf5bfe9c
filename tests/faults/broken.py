"""Starts a broken web process: `GAPLESS_BROKEN=… GAPLESS_CLOCK=… python -m tests.faults.broken serve`.

Switches of the harness only: the product is started as manage.py does, after some of its functions were replaced (by
tests.faults.breakages), with the clock that a file says (tests.faults.moved), or counting its tasks (tests.faults.counted).
"""

import os
import sys
from pathlib import Path

from tests.faults import counted, moved
from tests.faults.breakages import BREAKAGES


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    if os.environ.get("GAPLESS_CLOCK"):
        moved.follow(Path(os.environ["GAPLESS_CLOCK"]))
    import django  # noqa: PLC0415

    django.setup()
    for breakage in filter(None, os.environ["GAPLESS_BROKEN"].split(",")):
        BREAKAGES[breakage].patch()
    if os.environ.get("GAPLESS_TASKS"):
        counted.count_tasks(Path(os.environ["GAPLESS_TASKS"]))
    from chatproject.embedded.start import StartError, prepare  # noqa: PLC0415

    sys.argv[0] = "manage.py"
    try:
        prepare(sys.argv)
    except StartError as error:
        # As manage.py says it.
        sys.exit(f"gapless: {error}")


if __name__ == "__main__":
    main()

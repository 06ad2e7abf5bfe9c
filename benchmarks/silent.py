"""Starts a web process without presence, to see what presence costs beside it: `python -m benchmarks.silent serve`."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
django.setup()

from chat.live.presence.here import ProcessPresence  # noqa: E402 (Django comes first)
from chat.live.presence.pushes import Pushes  # noqa: E402
from chatproject.embedded.start import prepare  # noqa: E402


def silence() -> None:
    """Switches presence and typing off: no calls to Redis, no pushes, no writes."""

    def nothing(*_: object, **__: object) -> None:
        return

    for name in ("start", "arrived", "left", "told_idle", "told_typing", "heard"):
        setattr(ProcessPresence, name, nothing)
    for name in ("push_rosters", "forget"):
        setattr(Pushes, name, nothing)


if __name__ == "__main__":
    silence()
    sys.argv[0] = "manage.py"
    prepare(sys.argv)

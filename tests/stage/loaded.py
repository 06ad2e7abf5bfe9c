"""The product, loaded with its settings in a process from which others are forked whose environment makes no difference to that.

A process keeps some settings from when it is loaded. One is forked from here only if each of these is the same for it; the
others it reads from its own environment, as a process that starts.
"""

import copy
import gc
import importlib
import os
import random
import time
from typing import Any

import django
import environ
from django.conf import Settings, settings

from chatproject import env
from chatproject import settings as ours
from chatproject.limits import Limits
from delivery import metrics, tasks
from tests.stage.forking import fork_when_asked

#: What `manage.py serve` loads once Django is set up and the pages' files are collected.
MODULES = ("chatproject.urls", "chatproject.asgi", "chatproject.management.commands.serve")
#: Kept from the load, but Django applies it again in each process.
APPLIED_AGAIN = {"LOGGING"}


class Kept:
    """What was read of the settings and of the limits while the product was loaded, and the environment in which it was."""

    def __init__(self) -> None:
        self._environ = env.GIVEN
        names = set[str]()

        def noted(read: Limits, name: str) -> Any:
            names.add(name)
            return object.__getattribute__(read, name)

        Limits.__getattribute__ = noted
        # Before Django completes them.
        databases = copy.deepcopy(settings.DATABASES)
        _load()
        del Limits.__getattribute__
        self._limits = {name: value for name, value in vars(ours.LIMITS).items() if name in names}
        #: Of the environment: also what no setting is.
        self._readings = dict(env.READINGS)
        # Django keeps there what was asked for.
        asked = {name: vars(settings)[name] for name in vars(settings).keys() - {"_wrapped", *APPLIED_AGAIN}}
        self._settings = {**asked, "DATABASES": databases}

    def is_same_in(self, given: dict[str, str]) -> bool:
        """Reads everything anew from this environment, in a fork. Whether all that was kept is the same, for all that is known."""
        changed = {name for name, _ in given.items() ^ self._environ.items()}
        os.environ.clear()
        os.environ.update(given)
        _read_anew()
        is_read_anew = changed <= env.READINGS.keys()
        env.READINGS |= {name: self._readings[name] for name in self._readings.keys() - env.READINGS.keys()}
        return (
            is_read_anew
            and all(getattr(settings, name) == value for name, value in self._settings.items())
            and all(getattr(ours.LIMITS, name) == value for name, value in self._limits.items())
        )


def _load() -> None:
    django.setup()
    importlib.import_module("chatproject.serving.assets").collect()
    for module in MODULES:
        importlib.import_module(module)


def _read_anew() -> None:
    env.GIVEN = dict(os.environ)
    env.READINGS.clear()
    if (env.BASE_DIR / ".env").is_file():
        environ.Env.read_env(env.BASE_DIR / ".env")
    # The modules that have the limits go on with the same object.
    shared = ours.LIMITS
    importlib.reload(ours)
    vars(shared).update(vars(ours.LIMITS))
    ours.LIMITS = shared
    settings._wrapped = Settings(ours.__name__)
    # What a process notes of itself as it is loaded.
    tasks._PHASE_MS = random.randrange(1000)
    metrics.turned_at.set(time.time())


if __name__ == "__main__":
    kept = Kept()
    gc.collect()
    gc.freeze()
    fork_when_asked(kept.is_same_in)

"""Loaded by every Python that `bin/test --ahead` starts: libfaketime moves the wall clock only, and then breaks time.sleep."""

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep

"""Loaded before Django's settings: tests have a data folder of their own, with a real PostgreSQL and a real Valkey in it."""

import atexit
import os
from pathlib import Path

os.environ.setdefault("GAPLESS_DATA", str(Path(__file__).resolve().parent.parent / ".data" / "test"))
os.environ["SECRET_KEY"] = "a key for tests"
os.environ["PORT"] = "8765"
os.environ["GAPLESS_LIMIT_POOL"] = "10"
os.environ["DJANGO_SETTINGS_MODULE"] = "chatproject.settings"

from chatproject import embedded, start

if start.needs_services():
    _data = Path(os.environ["GAPLESS_DATA"])
    embedded.ensure(_data)
    atexit.register(embedded.leave, _data)

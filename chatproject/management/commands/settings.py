"""`manage.py settings`: what is in force, and where it comes from."""

import json
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand

from chatproject import env

LIMIT = "GAPLESS_LIMIT_"


class Command(BaseCommand):
    help = "Prints every setting in force, and whether it comes from the environment, from .env or is the default. No secrets."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--changed", action="store_true", help="only what is not the default")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [
            (reading.name, shown(reading), reading.source)
            for reading in sorted(env.READINGS.values(), key=lambda each: (each.name.startswith(LIMIT), each.name))
            if not (options["changed"] and reading.source == "default")
        ]
        if options["json"]:
            self.stdout.write(json.dumps({name: {"value": value, "source": source} for name, value, source in rows}))
            return
        width = max((len(name) for name, _, _ in rows), default=0)
        for name, value, source in rows:
            self.stdout.write(f"{name:<{width}}  {source:<11}  {value}")


def shown(reading: env.Reading) -> str:
    """The value in force: what was read, or what the settings made of it; of a secret only whether there is one."""
    if reading.name in ("DATABASE_URL", "REDIS_URL"):
        is_own = reading.source == "default"
        return (
            f"embedded, in {settings.GAPLESS_DATA}"
            if is_own
            else ", ".join(map(_without_secrets, env.urls(env.text(reading.name, is_secret=True))))
        )
    if reading.is_secret:
        is_set = reading.source != "default" or bool(getattr(settings, reading.name, None))
        return "set, not shown" if is_set else "not set"
    value = getattr(settings, reading.name, reading.value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"

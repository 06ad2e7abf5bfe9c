"""`manage.py settings`: prints the settings in force, and the source of each."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from chatproject.settings_in_force import readings, shown


class Command(BaseCommand):
    help = "Prints every setting in force, without secrets, and its source: the environment, .env or the default."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--changed", action="store_true", help="only settings that differ from the default")

    def handle(self, *args: Any, **options: Any) -> None:
        found = readings(only_changed=options["changed"])
        rows = [(reading.name, shown(reading), reading.source) for reading in found]
        if options["json"]:
            self.stdout.write(json.dumps({name: {"value": value, "source": source} for name, value, source in rows}))
            return
        width = max((len(name) for name, _, _ in rows), default=0)
        for name, value, source in rows:
            self.stdout.write(f"{name:<{width}}  {source:<11}  {value}")

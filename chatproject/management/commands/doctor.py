"""`manage.py doctor`: finds what is wrong, and says what to do about it."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from chatproject.doctor import examine


class Command(BaseCommand):
    help = "Examines settings, machines, versions, clocks, connections, Redis and disks. Exit code 1 if something is wrong."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(examine())
        is_well = not any(finding.state == "wrong" for finding in findings)
        if options["json"]:
            self.stdout.write(json.dumps({"well": is_well, "findings": [asdict(finding) for finding in findings]}))
        else:
            for finding in findings:
                self.stdout.write(f"{finding.state:>7}  {finding.about}: {finding.says}")
                if finding.do:
                    self.stdout.write(f"         → {finding.do}")
        if not is_well:
            sys.exit(1)

"""`manage.py tables`: the README's tables, made anew from the code."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from chatproject import tables


class Command(BaseCommand):
    help = (
        "Makes the tables of README.md anew from the code; with --check only says whether they are old (exit code 1)."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        readme = settings.BASE_DIR / "README.md"
        if options["check"]:
            if tables.renewed(readme.read_text()) != readme.read_text():
                self.stderr.write("README.md has old tables: run `manage.py tables`.")
                raise SystemExit(1)
            return
        self.stdout.write("README.md: " + ("tables renewed" if tables.renew(readme) else "tables are up to date"))

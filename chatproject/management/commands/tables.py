"""`manage.py tables`: writes the tables of docs/ again from the code."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from chatproject import tables


class Command(BaseCommand):
    help = "Writes the tables of docs/ again from the code; --check only prints which pages are old (exit code 1)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        pages = tables.pages(settings.BASE_DIR)
        if options["check"]:
            old = [page.name for page in pages if tables.renewed(page.read_text()) != page.read_text()]
            if old:
                self.stderr.write(f"{', '.join(old)}: old tables, run `manage.py tables`.")
                raise SystemExit(1)
            return
        renewed = [page.name for page in pages if tables.renew(page)]
        self.stdout.write(f"renewed: {', '.join(renewed)}" if renewed else "all tables are up to date")

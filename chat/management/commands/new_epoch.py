"""`manage.py new_epoch`: after the database was put back in a way that can't be seen, by a rolled-back disk say."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.services import begin_epoch


class Command(BaseCommand):
    help = "Begins another epoch: every client loads its channels afresh. Harmless, but felt: everybody comes back at once."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"The epoch is {begin_epoch()} now. Sockets that are open are closed, and come back.")

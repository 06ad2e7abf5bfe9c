"""`manage.py new_epoch`: for after the database went back in a way that Gapless can't detect, such as a rolled-back disk."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.services import begin_epoch


class Command(BaseCommand):
    help = (
        "Begins a new epoch: every client loads its channels again. Loses nothing, but all clients reconnect at once."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"The epoch is {begin_epoch()} now. Open sockets are closed, and clients reconnect.")

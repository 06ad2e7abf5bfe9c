"""`manage.py migrate`: Django's, one at a time, and without the bounds on statements that requests have.

Afterwards the ready groups of the staff may do exactly what they should: permissions exist only after all migrations.
"""

from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connection

from chat.services import make_groups
from chatproject.schema import MIGRATING

#: That requests have, and a migration of a large table would pass.
BOUNDS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


class Command(MigrateCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET {bound} = 0" for bound in BOUNDS))
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
        try:
            super().handle(*args, **options)
            if not (options["app_label"] or options["plan"] or options["check_unapplied"]):
                make_groups()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATING])
                cursor.execute("; ".join(f"RESET {bound}" for bound in BOUNDS))

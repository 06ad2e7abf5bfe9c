"""`manage.py migrate`: Django's command, run by one process at a time, and without the time limits of requests. A migration that
waits for a lock gives up soon, because all writers would wait behind it.

Afterwards it sets the permissions of the staff's ready groups, which exist only after all migrations.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from chat.services import make_groups
from chatproject.schema import MIGRATING

#: The limits of requests, which the migration of a large table would exceed.
BOUNDS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


#: The connection with the oldest transaction: most likely the one for which the migration waited.
OLDEST = """
    SELECT pid, application_name, round(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    ORDER BY xact_start LIMIT 1
"""


class Command(MigrateCommand):
    #: The migration that is being applied.
    _at = "Reading what is applied"

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET {bound} = 0" for bound in BOUNDS))
            cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATING])
            cursor.execute(f"SET lock_timeout = '{settings.LIMITS.migration_lock_seconds}s'")
        try:
            super().handle(*args, **options)
            if not (options["app_label"] or options["plan"] or options["check_unapplied"]):
                make_groups()
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise CommandError(self._who_is_in_the_way()) from None
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATING])
                cursor.execute("; ".join(f"RESET {bound}" for bound in BOUNDS))

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        if migration is not None:
            self._at = str(migration)
        super().migration_progress_callback(action, migration, fake)

    def _who_is_in_the_way(self) -> str:
        seconds = settings.LIMITS.migration_lock_seconds
        with connection.cursor() as cursor:
            cursor.execute(OLDEST)
            oldest = cursor.fetchone()
        whose = (
            f" The oldest transaction is that of PostgreSQL's process {oldest[0]} ({oldest[1] or 'without a name'}), {oldest[2]} s."
            if oldest
            else ""
        )
        return (
            f"{self._at} gave up: others have held what it needs for more than {seconds} s, and all that write would have waited "
            f"behind it. Nothing of it was done, what came before it stays.{whose} Run `manage.py migrate` again."
        )

"""How far the database's tables are behind the code. Changes nothing: that is `manage.py migrate`."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

#: Key of the advisory lock that lets only one process migrate ("migr" in ASCII).
MIGRATING = 0x6D696772


def waiting_migrations() -> int:
    """How many migrations are not applied. Raises DatabaseError when the database can't be asked."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))

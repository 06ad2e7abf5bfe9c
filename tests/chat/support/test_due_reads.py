"""The clockwork's reads each second use partial indexes: a million resolved conversations cost nothing."""

import pytest
from django.db import connection, transaction

from chat.support.services import lapsing, routing


@pytest.mark.parametrize(
    ("sql", "parameters", "index"),
    [
        (lapsing._found(lapsing._LAPSED, "lease_until"), [100], "idx_conversations_leases"),
        (lapsing._found(lapsing._SNOOZED_OUT, "snoozed_until"), [100], "idx_conversations_snoozes"),
        (lapsing._found(lapsing._SILENT, lapsing.IN_THE_QUEUE), [100], "idx_conversations_queue"),
        (routing._WAITING, [1, 100], "idx_conversations_unassigned"),
        (routing._RETURNED, [100], "idx_conversations_unassigned"),
    ],
)
def test_what_is_due_is_found_by_its_index(db: None, sql: str, parameters: list[int], index: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # An empty table is read whole, whatever indexes there are.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan

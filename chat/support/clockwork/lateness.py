"""The lateness of the clockwork: for how long the oldest due work has been waiting. For Prometheus and the doctor."""

from prometheus_client import Gauge

from chat import prepared_sql

late_seconds = Gauge(
    "gapless_clockwork_late_seconds",
    "For how long the oldest due work of the desk has been waiting, by kind: leases, snoozes or mails.",
    ["what"],
    multiprocess_mode="livemax",
)
for _what in ("leases", "snoozes", "mails"):
    late_seconds.labels(_what)

#: Uses the partial indexes of due rows; other rows cost nothing. The value of clock_timestamp() may change within a statement, so
#: PostgreSQL would use no index for it.
_LATE = """
SELECT what, COALESCE(extract(epoch FROM statement_timestamp() - oldest), 0)::float8 FROM (
    SELECT 'leases' AS what, min(lease_until) AS oldest FROM conversations
    WHERE assignee_id IS NOT NULL AND waiting_since IS NOT NULL AND lease_until < statement_timestamp()
    UNION ALL
    SELECT 'snoozes', min(snoozed_until) FROM conversations WHERE snoozed_until < statement_timestamp()
    UNION ALL
    SELECT 'mails', min(due_at) FROM support_mail WHERE sent_at IS NULL AND dropped = '' AND due_at < statement_timestamp()
) AS late
"""


def lateness() -> dict[str, float]:
    """Seconds of lateness by kind; 0 if nothing waits."""
    return dict(prepared_sql.rows(_LATE, []))


def note_lateness() -> None:
    for what, seconds in lateness().items():
        late_seconds.labels(what).set(seconds)

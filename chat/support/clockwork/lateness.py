"""How late the clockwork is: since when the oldest thing that is due waits to be done. For Prometheus and the doctor."""

from prometheus_client import Gauge

from chat import hot

late_seconds = Gauge(
    "gapless_clockwork_late_seconds",
    "For how long the oldest due work of the desk has been waiting, by kind: leases, snoozes or mails.",
    ["what"],
    multiprocess_mode="livemax",
)
for _what in ("leases", "snoozes", "mails"):
    late_seconds.labels(_what)

#: By the partial indexes of what is due; all others cost nothing. What clock_timestamp() says may change within a statement, so
#: that no index would be asked for it.
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
    """Seconds by what is due; 0 where nothing waits."""
    return dict(hot.rows(_LATE, []))


def note_lateness() -> None:
    for what, seconds in lateness().items():
        late_seconds.labels(what).set(seconds)

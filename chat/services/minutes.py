"""Stores the counts of web processes by the minute and by the day, and deletes old ones."""

import datetime

import msgspec
from django.conf import settings
from django.db import connection

from chat import prepared_sql
from chat.models import Day, Minute
from chat.reads.counted import Counted

_KEEP_MINUTE = """
INSERT INTO minutes (at, process, figures) VALUES (%s, %s, %s::jsonb)
ON CONFLICT (at, process) DO UPDATE SET figures = excluded.figures
"""

_KEEP_DAY = """
INSERT INTO days (day, people, hours)
SELECT %(day)s, (
    SELECT count(DISTINCT user_id) FROM channel_members JOIN users ON users.id = user_id
    WHERE last_seen >= %(begin)s AND users.kind = 'person'
), ARRAY(
    SELECT COALESCE(sum((figures ->> 'messages')::bigint), 0) FROM generate_series(0, 23) AS hour
    LEFT JOIN minutes ON at >= %(begin)s + hour * interval '1 hour' AND at < %(begin)s + (hour + 1) * interval '1 hour'
    GROUP BY hour ORDER BY hour
)
ON CONFLICT (day) DO UPDATE SET people = greatest(days.people, excluded.people), hours = excluded.hours
"""


def keep_minute(counted: Counted, *, at: datetime.datetime, process: str) -> None:
    """Stores the counts of a process since `at`, the beginning of a minute; replaces its earlier counts of this minute."""
    prepared_sql.execute(_KEEP_MINUTE, [at, process, msgspec.json.encode(counted).decode()])


def keep_day(day: datetime.date, *, now: datetime.datetime) -> None:
    """Stores the day's messages, from its minutes, and the number of people seen. Call it during the day, or right after it.

    Takes away what is older than is kept. Repeating is safe.
    """
    begin = datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_DAY, {"day": day, "begin": begin})
    Minute.objects.filter(at__lt=now - datetime.timedelta(hours=settings.LIMITS.minutes_hours)).delete()
    Day.objects.filter(day__lt=now.date() - datetime.timedelta(days=settings.LIMITS.figures_days)).delete()

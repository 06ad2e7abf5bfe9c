"""Deletes files that no message has any more: first the bytes, then the row, so that it can be interrupted and repeated."""

import datetime
import functools
import logging

from django.conf import settings
from django.db import transaction

from chat import clock, prepared_sql
from chat.files import storage
from chat.models import File
from delivery.source import Asked, Reading

logger = logging.getLogger("gapless.files")

#: The most files that one look deletes.
AT_ONCE = 50


def is_anything_left_over() -> Reading[bool]:
    """Whether `sweep` would find a file."""
    sql, _ = _left_over()
    return (yield from prepared_sql.exists((sql, [_given_up().isoformat()])))


def sweep() -> int:
    """Deletes files whose message is gone, and files that no message took within a day; returns how many.

    Several processes may sweep at once. A file that the storage fails to delete stays for the next look.
    """
    before = _given_up()
    found = File.objects.left_over(before=before).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    return sum(_take_away(pk, before) for pk in list(found))


def _take_away(pk: int, before: datetime.datetime) -> bool:
    with transaction.atomic():
        # Checked again under its lock, because a message may have taken it.
        row = File.objects.left_over(before=before).select_for_update(skip_locked=True).filter(pk=pk).first()
        if row is None:
            return False
        try:
            storage.delete_folder(row.folder)
        except Exception as error:
            logger.warning(
                "a file could not be taken away, it is tried again: %r", error, extra={"away": "the storage of files"}
            )
            return False
        row.delete()
    return True


def _given_up() -> datetime.datetime:
    return clock.now() - datetime.timedelta(hours=settings.LIMITS.orphan_hours)


@functools.cache
def _left_over() -> Asked:
    return prepared_sql.exists_sql(File.objects.left_over(before=_given_up()))

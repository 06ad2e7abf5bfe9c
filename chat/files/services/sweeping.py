"""Taking away what nobody has any more: bytes first, then the row, so that it can be interrupted and repeated at any time."""

import datetime
import logging

from django.conf import settings
from django.db import transaction

from chat import clock
from chat.files import storage
from chat.models import File

logger = logging.getLogger("gapless.files")

#: Files that one look takes away.
AT_ONCE = 50


def sweep() -> int:
    """Files whose message is gone, and those that no message took within a day; how many they were.

    Others may sweep at the same time. What the storage does not give up now stays for the next look.
    """
    before = clock.now() - datetime.timedelta(hours=settings.LIMITS.orphan_hours)
    found = File.objects.left_over(before=before).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    return sum(_take_away(pk, before) for pk in list(found))


def _take_away(pk: int, before: datetime.datetime) -> bool:
    with transaction.atomic():
        # Looked at again under its lock: a message may have taken it.
        row = File.objects.left_over(before=before).select_for_update(skip_locked=True).filter(pk=pk).first()
        if row is None:
            return False
        try:
            storage.take_away_all(row.folder)
        except Exception as error:
            logger.warning(
                "a file could not be taken away, it is tried again: %r", error, extra={"away": "the storage of files"}
            )
            return False
        row.delete()
    return True

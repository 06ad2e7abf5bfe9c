"""Keeping what was developed: within the person's quota, exact also for uploads that come at the same moment."""

import logging
import secrets
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from chat import clock
from chat.files import storage
from chat.files.developing import Developed
from chat.models import File, User
from delivery.wire.errors import Forbidden, Quota, Refused, TooBig, Unavailable

logger = logging.getLogger("gapless.files")

MEGABYTE = 1024 * 1024


def require_may_upload(user: User, *, size: int) -> None:
    """Before anything is sent. Raises Forbidden, TooBig, Quota."""
    if not user.is_active:
        raise Forbidden("This account is not active.")
    most = settings.LIMITS.file_bytes
    if size > most:
        raise TooBig(f"The file has {size:,} bytes; {most:,} are allowed.")
    _require_room(user, size)


def keep_file(user: User, developed: Developed) -> File:
    """A file that a message can take. Raises Quota, TooBig, and Unavailable when it can't be stored: then nothing is left of it."""
    row = reserve(user, name=developed.name, size=developed.size)
    try:
        return finish(row, developed)
    except Refused:
        row.delete()
        raise


def reserve(user: User, *, name: str, size: int) -> File:
    """Room for so many bytes. Raises what require_may_upload raises."""
    with transaction.atomic():
        # One upload of a person after the other: what the next one counts has this one in it.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        require_may_upload(user, size=size)
        folder = secrets.token_hex(16)
        return File.objects.create(
            uploader=user, name=name, size=size, folder=f"{folder[:2]}/{folder}", created_at=clock.now()
        )


def finish(row: File, developed: Developed) -> File:
    """Stores the bytes, then says that they are whole. Raises Unavailable when they can't be, Quota if they grew too much."""
    grown = developed.size - row.size
    if grown > 0:
        _require_room(row.uploader, grown)
    try:
        storage.put(row.folder, storage.WHOLE, developed.content)
        if developed.preview is not None:
            storage.put(row.folder, storage.PREVIEW, developed.preview)
    except Exception as error:
        # A full disk, a bucket that is away: whatever it is, what lies there is taken away by its row.
        logger.warning("a file could not be stored: %r", error)
        _take_away(row)
        raise Unavailable(
            "The file could not be stored: nothing was kept, send it again later.", retry_after=30
        ) from None
    said: dict[str, Any] = {
        "name": developed.name,
        "type": developed.type,
        "size": developed.size,
        "width": developed.width,
        "height": developed.height,
        "has_preview": developed.preview is not None,
        "whole_at": clock.now(),
    }
    File.objects.filter(pk=row.pk, whole_at=None).update(**said, pieces=[])
    row.refresh_from_db()
    return row


def _require_room(user: User, size: int) -> None:
    held = File.objects.filter(uploader=user).held().aggregate(bytes=Sum("size"))["bytes"] or 0
    most = settings.LIMITS.quota_megabytes * MEGABYTE
    if held + size > most:
        raise Quota(
            f"There is no room for it: your files have {held / MEGABYTE:,.1f} of {most // MEGABYTE:,} MB."
            " Delete messages with files that nobody needs any more."
        )


def _take_away(row: File) -> None:
    try:
        storage.take_away(row.folder, storage.WHOLE, storage.PREVIEW)
    except Exception as error:
        logger.warning("what is left of a file goes with the next sweep: %r", error)

"""Keeping what was developed: within the person's quota, exact also for uploads that come at the same moment."""

import logging
import secrets
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from chat import clock
from chat.files import storage
from chat.files.developing import Developed
from chat.models import File, User
from delivery.wire.errors import Forbidden, NotFound, Quota, Refused, TooBig, Unavailable

logger = logging.getLogger("gapless.files")

MEGABYTE = 1024 * 1024
NO_UPLOAD = "There is no such upload of yours."


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
        _wait_for_others(user)
        require_may_upload(user, size=size)
        folder = secrets.token_hex(16)
        return File.objects.create(
            uploader=user, name=name, size=size, folder=f"{folder[:2]}/{folder}", created_at=clock.now()
        )


def finish(row: File, developed: Developed) -> File:
    """Stores the bytes, then says that they are whole; also where it was whole before.

    Raises Unavailable when they can't be stored, Quota if they grew too much, NotFound if it was given up meanwhile: then
    nothing of them is left.
    """
    try:
        put_for(row, storage.WHOLE, developed.content)
        if developed.preview is not None:
            put_for(row, storage.PREVIEW, developed.preview)
        _make_whole(row, developed)
    except Refused:
        take_away(row, storage.WHOLE, storage.PREVIEW)
        raise
    row.refresh_from_db()
    return row


def _make_whole(row: File, developed: Developed) -> None:
    said: dict[str, Any] = {
        "name": developed.name,
        "type": developed.type,
        "size": developed.size,
        "width": developed.width,
        "height": developed.height,
        "has_preview": developed.preview is not None,
        "whole_at": clock.now(),
    }
    with transaction.atomic():
        now = locked(row)
        if developed.size > row.size:
            # A picture may be larger than what was sent, now that it is drawn anew.
            _wait_for_others(now.uploader)
            _require_room(now.uploader, developed.size - row.size)
        File.objects.filter(pk=row.pk, whole_at=None).update(**said, pieces=[])


def put_for(row: File, name: str, content: IO[bytes]) -> None:
    """Raises Unavailable when it can't be stored."""
    try:
        storage.put(row.folder, name, content)
    except Exception as error:
        # A full disk, a bucket that is away: whatever it is, what lies there is taken away by its row.
        logger.warning("a file could not be stored: %r", error, extra={"away": "the storage of files"})
        take_away(row, name)
        raise Unavailable(
            "The file could not be stored: nothing was kept, send it again later.", retry_after=30
        ) from None


def locked(row: File) -> File:
    """As it is now. Raises NotFound where it was given up, and takes away what was stored for it since."""
    now = File.objects.select_for_update(no_key=True, of=("self",)).select_related("uploader").filter(pk=row.pk).first()
    if now is None:
        storage.take_away_all(row.folder)
        raise NotFound(NO_UPLOAD)
    return now


def _wait_for_others(user: User) -> None:
    # One upload of a person after the other: what the next one counts has this one in it.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _require_room(user: User, size: int) -> None:
    held = File.objects.filter(uploader=user).held().aggregate(bytes=Sum("size"))["bytes"] or 0
    limits = settings.LIMITS
    most = (limits.visitor_quota_megabytes if user.is_visitor else limits.quota_megabytes) * MEGABYTE
    if held + size > most:
        raise Quota(
            f"There is no room for it: your files have {held / MEGABYTE:,.1f} of {most // MEGABYTE:,} MB."
            " Delete messages with files that nobody needs any more."
        )


def take_away(row: File, *names: str) -> None:
    """Of what lies in its folder; what can't be taken away now goes with the folder."""
    try:
        storage.take_away(row.folder, *names)
    except Exception as error:
        logger.warning("what is left of a file goes with the next sweep: %r", error)

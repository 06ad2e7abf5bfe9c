"""Stores sanitized files within the user's quota, which is exact also for uploads at the same moment."""

import logging
import secrets
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from chat import clock, prepared_sql
from chat.files import storage
from chat.files.sanitizing import SanitizedFile
from chat.models import File, User
from chat.models.file import FileQuerySet
from chat.services.accounts import lock_own
from delivery.wire.errors import Forbidden, NotFound, Quota, Refused, TooBig, Unavailable

logger = logging.getLogger("gapless.files")

MEGABYTE = 1024 * 1024
NO_UPLOAD = "There is no such upload of yours."
#: First key of the advisory locks under which a desk's customers reserve room.
_DESKS_FILES = 0x66696C65


def require_may_upload(user: User, *, size: int, desk: int | None = None) -> None:
    """Checks before the client sends anything. `desk`: see `FileHooks`. Raises Forbidden, TooBig, Quota."""
    if not user.is_active:
        raise Forbidden("This account is not active.")
    most = settings.LIMITS.file_bytes
    if size > most:
        raise TooBig(f"The file has {size:,} bytes; {most:,} are allowed.")
    _require_room(user, size, desk)


def store_file(user: User, sanitized: SanitizedFile, *, desk: int | None = None) -> File:
    """Stores a file, so that a message can have it. Raises Quota, TooBig, or Unavailable if storing fails and nothing is left."""
    row = reserve(user, name=sanitized.name, size=sanitized.size, desk=desk)
    try:
        return finish(row, sanitized)
    except Refused:
        row.delete()
        raise


def reserve(user: User, *, name: str, size: int, desk: int | None) -> File:
    """Reserves room for so many bytes. Raises the same as require_may_upload."""
    with transaction.atomic():
        _wait_for_others(user, desk)
        require_may_upload(user, size=size, desk=desk)
        folder = secrets.token_hex(16)
        return File.objects.create(
            uploader=user,
            desk_id=desk,
            name=name,
            size=size,
            folder=f"{folder[:2]}/{folder}",
            created_at=clock.now(),
        )


def finish(row: File, sanitized: SanitizedFile) -> File:
    """Stores the bytes, then marks the file as whole, even if it was whole before.

    Raises Unavailable if they can't be stored, Quota if they have become too many, NotFound if the upload was given up meanwhile:
    then nothing of them is left.
    """
    try:
        put_for(row, storage.WHOLE, sanitized.content)
        if sanitized.preview is not None:
            put_for(row, storage.PREVIEW, sanitized.preview)
        _make_whole(row, sanitized)
    except Refused:
        delete_bytes(row, storage.WHOLE, storage.PREVIEW)
        raise
    row.refresh_from_db()
    return row


def _make_whole(row: File, sanitized: SanitizedFile) -> None:
    said: dict[str, Any] = {
        "name": sanitized.name,
        "type": sanitized.type,
        "size": sanitized.size,
        "width": sanitized.width,
        "height": sanitized.height,
        "has_preview": sanitized.preview is not None,
        "whole_at": clock.now(),
    }
    with transaction.atomic():
        now = locked(row)
        if sanitized.size > row.size:
            # A picture that was drawn anew may be larger than the uploaded one.
            _wait_for_others(now.uploader, now.desk_id)
            _require_room(now.uploader, sanitized.size - row.size, now.desk_id)
        File.objects.filter(pk=row.pk, whole_at=None).update(**said, pieces=[])


def put_for(row: File, name: str, content: IO[bytes]) -> None:
    """Stores bytes of the file in the storage. Raises Unavailable if that fails."""
    try:
        storage.put(row.folder, name, content)
    except Exception as error:
        # A full disk, a bucket that is away, or any other error: the row leads the sweep to the bytes that are left.
        logger.warning("a file could not be stored: %r", error, extra={"away": "the storage of files"})
        delete_bytes(row, name)
        raise Unavailable(
            "The file could not be stored: nothing was kept, send it again later.", retry_after=30
        ) from None


def locked(row: File) -> File:
    """The row, fresh and locked. Raises NotFound if the upload was given up, and deletes bytes that were stored for it since."""
    now = File.objects.select_for_update(no_key=True, of=("self",)).select_related("uploader").filter(pk=row.pk).first()
    if now is None:
        storage.delete_folder(row.folder)
        raise NotFound(NO_UPLOAD)
    return now


def _wait_for_others(user: User, desk: int | None) -> None:
    # Uploads of one user reserve room one after another, so that the next one counts this one.
    lock_own(user)
    if desk is not None:
        # So do those of a desk's customers. The desk's own row is not used for this: changes of the queue lock it.
        prepared_sql.rows("SELECT pg_advisory_xact_lock(%s, %s)", [_DESKS_FILES, desk % 2**31])


def _require_room(user: User, size: int, desk: int | None) -> None:
    held = _held(File.objects.filter(uploader=user))
    most = settings.LIMITS.visitor_quota_megabytes if user.is_visitor else settings.LIMITS.quota_megabytes
    if held + size > most * MEGABYTE:
        said = f"There is no room for this file: your files have {held / MEGABYTE:,.1f} of {most:,} MB."
        raise Quota(said if user.is_visitor else f"{said} Delete messages with files that nobody needs any more.")
    if desk is not None and _held(File.objects.filter(desk=desk)) + size > settings.LIMITS.inbox_megabytes * MEGABYTE:
        raise Quota(
            "The support has no room for more files at the moment: describe its content in a message, or try again later."
        )


def _held(files: FileQuerySet) -> int:
    return files.held().aggregate(bytes=Sum("size"))["bytes"] or 0


def delete_bytes(row: File, *names: str) -> None:
    """Deletes a name in the file's folder; if that fails now, it is deleted later with the folder."""
    try:
        storage.delete(row.folder, *names)
    except Exception as error:
        logger.warning("what is left of a file goes with the next sweep: %r", error)

"""Uploads in pieces: bytes that have arrived stay if the connection or the process ends, and the next piece continues there."""

import secrets
import shutil
from typing import IO

from django.db import transaction

from chat.files import storage
from chat.files.names import file_name
from chat.files.sanitizing import SanitizedFile, scratch
from chat.files.services.storing import NO_UPLOAD, delete_bytes, finish, locked, put_for, reserve
from chat.models import File, User
from delivery.wire.errors import Conflict, Invalid, NotFound

#: The most pieces of one upload.
MOST_PIECES = 1_000


def begin_upload(user: User, *, name: str, size: int, desk: int | None = None) -> File:
    """Begins an upload of exactly so many bytes, and reserves room. Raises TooBig, Quota, Invalid for an empty file."""
    if size < 1:
        raise Invalid("The file is empty.")
    return reserve(user, name=file_name(name), size=size, desk=desk)


def upload_of(user: User, upload: int) -> File:
    """The user's own upload, whole or not, that no message has yet. Raises NotFound."""
    row = File.objects.filter(pk=upload, uploader=user, taken_at=None).first()
    if row is None:
        raise NotFound(NO_UPLOAD)
    return row


def received(row: File) -> int:
    """The number of bytes that have arrived."""
    return row.size if row.whole_at else sum(count for _, count in row.pieces)


def require_goes_on(row: File, *, offset: int) -> None:
    """Raises Conflict unless the next piece begins at this offset."""
    if offset != received(row):
        raise Conflict(f"The upload goes on at {received(row):,}, not at {offset:,}.")
    if len(row.pieces) >= MOST_PIECES:
        raise Invalid(f"An upload has at most {MOST_PIECES:,} pieces: begin again, with larger pieces.")


def take_piece(user: User, upload: int, *, offset: int, content: IO[bytes]) -> File:
    """Adds a piece to the upload. Of two pieces with the same offset one is accepted, the other refused with Conflict.

    Raises NotFound, and leaves nothing, if the upload is given up while the piece is stored.
    """
    row, size = upload_of(user, upload), content.seek(0, 2)
    require_goes_on(row, offset=offset)
    if offset + size > row.size:
        raise Invalid("These are more bytes than the upload announced.")
    if size == 0:
        return row
    # A unique name, because another piece with the same offset may be under way. Names without a row are deleted with the folder.
    name = f"piece-{secrets.token_hex(8)}"
    put_for(row, name, content)
    with transaction.atomic():
        row = locked(row)
        if received(row) == offset and row.whole_at is None:
            row.pieces = [*row.pieces, [name, size]]
            row.save(update_fields=["pieces"])
            return row
    delete_bytes(row, name)
    raise Conflict(f"The upload goes on at {received(row):,}, not at {offset:,}.")


def assembled(row: File) -> IO[bytes]:
    """A scratch file with all pieces."""
    whole = scratch()
    for name, _ in row.pieces:
        with storage.get(row.folder, name) as piece:
            shutil.copyfileobj(piece, whole)
    return whole


def finish_upload(row: File, sanitized: SanitizedFile) -> File:
    """Makes the upload a file that a message can have. Repeating does nothing. Raises NotFound if it was given up meanwhile."""
    with transaction.atomic():
        # The last piece may have been sent twice: only one of the two requests stores the whole file.
        row = locked(row)
        if row.whole_at is not None:
            return row
        pieces = [name for name, _ in row.pieces]
        row = finish(row, sanitized)
    delete_bytes(row, *pieces)
    return row


def give_up_upload(user: User, upload: int) -> None:
    """Deletes the bytes that have arrived, and frees the room, unless a message has the file meanwhile.

    Raises NotFound if the user has no such upload, as after it was given up.
    """
    with transaction.atomic():
        row = File.objects.select_for_update().filter(pk=upload, uploader=user, taken_at=None).first()
        if row is None:
            raise NotFound(NO_UPLOAD)
        storage.delete_folder(row.folder)
        row.delete()

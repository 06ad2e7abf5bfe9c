"""The shapes that the paths of files send and take."""

from typing import Annotated

import msgspec
from django.conf import settings

from chat import models, shapes
from chat.api.inputs import Input
from chat.files.services.pieces import received


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is sent in pieces, and how many of its bytes have arrived. `file`: the file, once all have."""

    id: int
    name: str
    size: int
    offset: int
    file: shapes.File | None = None


UPLOAD = Upload(id=78, name="plan.pdf", size=48_211, offset=16_384)


class UploadInput(Input, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    size: Annotated[int, msgspec.Meta(ge=1, le=2**53, description=f"In bytes; {settings.LIMITS.file_bytes:,} at most.")]


def file_of(row: models.File) -> shapes.File:
    """A file in the shape that messages have (filing.sql)."""
    return shapes.File(
        id=row.pk,
        name=row.name,
        size=row.size,
        type=row.type,
        url=f"/files/{row.pk}/",
        width=row.width,
        height=row.height,
        preview=f"/files/{row.pk}/preview/" if row.has_preview else None,
    )


def upload_of(row: models.File) -> Upload:
    file = file_of(row) if row.whole_at else None
    return Upload(id=row.pk, name=row.name, size=row.size, offset=received(row), file=file)

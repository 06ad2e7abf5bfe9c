"""Sanitizes uploaded files. The functions block, for threads that hold no place among the requests. Knows no users and no rows."""

import contextlib
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
from django.conf import settings

from chat.files.names import file_name
from chat.files.sanitizing import file_types
from delivery.children import run_apart
from delivery.wire.errors import Invalid, TooBig, UnsupportedType

_SANDBOX = Path(__file__).with_name("sandbox.py")
#: The signal that ends a sandbox that uses too much processor time.
_BY_ITS_BOUNDS = frozenset({-signal.SIGXCPU, -signal.SIGKILL})
#: Seconds for one file, even on a busy machine.
MOST_SECONDS = 60


class _Said(msgspec.Struct):
    width: int | None = None
    height: int | None = None
    has_preview: bool = False
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class SanitizedFile:
    """The file to store. `content` may be the uploaded file itself."""

    name: str
    type: str
    size: int
    content: IO[bytes]
    width: int | None = None
    height: int | None = None
    preview: IO[bytes] | None = None


def scratch() -> IO[bytes]:
    """A file without a name on the installation's disk: it disappears with the process, even if that is killed."""
    settings.FILES_SCRATCH.mkdir(parents=True, exist_ok=True, mode=0o700)
    return tempfile.TemporaryFile(dir=settings.FILES_SCRATCH)


def sanitize(given: IO[bytes], *, name: str) -> SanitizedFile:
    """Sanitizes an uploaded file (on the disk). Raises Invalid, TooBig, UnsupportedType for a file that can't be stored."""
    name, size = file_name(name), given.seek(0, 2)
    if size == 0:
        raise Invalid("The file is empty.")
    given.seek(0)
    head = given.read(file_types.HEAD_BYTES)
    kind = file_types.kind_of(head)
    if kind in file_types.PICTURES:
        if (picture := _picture(given, kind, name)) is not None:
            return picture
        # Text can begin like a picture (with "BM"); nothing else that only begins like a picture is accepted.
        kind = file_types.TEXT if file_types.is_text(head) else ""
    _require_taken(kind, name)
    if head.startswith(file_types.ARCHIVE_BEGINS):
        _require_no_bomb(given)
    return SanitizedFile(name=name, type=kind, size=size, content=given)


def _require_taken(kind: str, name: str) -> None:
    if kind in file_types.TELLING:
        raise UnsupportedType(
            "HEIC pictures tell where they were taken, and this can't be removed here: send it as JPEG."
        )
    if not kind or (file_types.promises_picture(name) and not kind.startswith("image/")):
        raise UnsupportedType(f"{name} looks like a picture, but can't be read as one.")
    if file_types.promises_medium(name) and kind in ("text/html", "image/svg+xml", "application/xml"):
        raise UnsupportedType(f"{name} looks like sound or video, but can't be played.")


def _picture(given: IO[bytes], kind: str, name: str) -> SanitizedFile | None:
    """The picture drawn anew; None if the file is no picture."""
    with contextlib.ExitStack() as opened:
        new, small = opened.enter_context(scratch()), opened.enter_context(scratch())
        said = _run_sandbox(file_types.PICTURES[kind], given, new, small)
        if said.refused == "pixels":
            most = settings.LIMITS.image_pixels // 1_000_000
            raise Invalid(f"The picture has too many pixels: {most} million are allowed.")
        if said.refused == "costly":
            raise Invalid("It takes too much time or memory to draw this picture: send it smaller.")
        if said.refused:
            return None
        size = new.seek(0, 2)
        if size > settings.LIMITS.file_bytes:
            raise TooBig("The picture is too large without its compression.")
        opened.pop_all()
    if kind == "image/bmp":
        kind, name = "image/png", file_name(f"{name.removesuffix('.bmp')}.png")
    return SanitizedFile(
        name=name,
        type=kind,
        size=size,
        content=new,
        width=said.width,
        height=said.height,
        preview=small if said.has_preview else None,
    )


def _require_no_bomb(given: IO[bytes]) -> None:
    with scratch() as new, scratch() as small:
        refused = _run_sandbox("ZIP", given, new, small).refused
    if refused == "bomb":
        raise UnsupportedType("This archive is made to fill disks when it is unpacked.")
    if refused == "costly":
        raise UnsupportedType("It takes too long to look into this archive.")


def _run_sandbox(kind: str, given: IO[bytes], new: IO[bytes], small: IO[bytes]) -> _Said:
    descriptors = [content.fileno() for content in (given, new, small)]
    what = (kind, str(settings.LIMITS.image_pixels), *map(str, descriptors))
    done = run_apart(str(_SANDBOX), *what, descriptors=descriptors, within=MOST_SECONDS)
    if done is None or done.returncode in _BY_ITS_BOUNDS:
        return _Said(refused="costly")
    # A sandbox that crashed while it read prints nothing.
    return msgspec.json.decode(done.stdout, type=_Said) if done.stdout else _Said(refused="broken")

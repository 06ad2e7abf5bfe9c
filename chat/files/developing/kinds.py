"""What kind of file it is, by its first bytes. Names and what a browser says are no witnesses."""

import codecs
import mimetypes
import re

import filetype

#: So much of a file is looked at.
HEAD_BYTES = 64 * 1024

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
#: Pictures that are drawn anew (darkroom.py), by the formats that Pillow knows them as.
PICTURES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/bmp": "BMP",
}
#: Pictures that say where they were taken, and can't be drawn anew here.
TELLING = frozenset({"image/heic", "image/heif"})
#: How archives begin, and what is one besides: documents of many kinds, books, programs.
ARCHIVE_BEGINS = b"PK\x03\x04"
#: Shown and played in the page, from a path that runs nothing; everything else is a download.
SHOWN = frozenset(
    {
        *(kind for kind in PICTURES if kind != "image/bmp"),
        *("audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/mp4", "audio/aac"),
        *("video/mp4", "video/webm", "video/ogg", "video/quicktime"),
    }
)

#: As the library says it, and as it is registered.
_SPELLED = {
    "audio/x-wav": "audio/wav",
    "audio/x-flac": "audio/flac",
    "video/x-m4v": "video/mp4",
    "application/x-executable": "application/x-elf",
}
_HTML = re.compile(
    rb"<(!doctype html|html|head|body|script|iframe|img|a|b|p|h1|div|span|style|table|title|br|font|meta|link)[\s/>]",
    re.IGNORECASE,
)
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def kind_of(head: bytes) -> str:
    """Its media type; text/plain for what can be read, application/octet-stream for what nobody knows."""
    found = filetype.guess(head)
    if found is not None:
        return _SPELLED.get(found.mime, found.mime)
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> str:
    begins = head.removeprefix(codecs.BOM_UTF8).lstrip()[:2048]
    if begins.startswith(b"<"):
        if b"<svg" in begins.lower():
            return "image/svg+xml"
        if _HTML.match(begins) or b"<html" in begins.lower():
            return "text/html"
        if begins.startswith(b"<?xml"):
            return "application/xml"
    return TEXT if is_text(head) else UNKNOWN


def is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def promises_picture(name: str) -> bool:
    """Whether people who read the name expect a picture."""
    kind, _ = mimetypes.guess_type(name)
    return kind is not None and kind.startswith("image/")


def promises_medium(name: str) -> bool:
    """Or something that is played."""
    kind, _ = mimetypes.guess_type(name)
    return kind is not None and kind.startswith(("audio/", "video/"))

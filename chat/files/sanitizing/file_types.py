"""The type of a file, from its first bytes. Its name and the browser's claim are not trusted."""

import codecs
import mimetypes
import re

import filetype

#: How many bytes of a file are read for its type.
HEAD_BYTES = 64 * 1024

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
#: Pictures that are drawn anew (sandbox.py), by the formats that Pillow knows them as.
PICTURES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/bmp": "BMP",
}
#: Types of pictures that contain places and can't be drawn anew here.
TELLING = frozenset({"image/heic", "image/heif"})
#: The first bytes of archives, and of files that are archives too: documents of many kinds, books, programs.
ARCHIVE_BEGINS = b"PK\x03\x04"
#: Types that pages show and play, from a path that runs nothing; all others are downloads.
SHOWN = frozenset(
    {
        *(kind for kind in PICTURES if kind != "image/bmp"),
        *("audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/mp4", "audio/aac"),
        *("video/mp4", "video/webm", "video/ogg", "video/quicktime"),
    }
)

#: The library's names of types, and the registered ones.
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
    """The media type; text/plain for readable text, application/octet-stream for unknown content."""
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
    """Whether the name makes people expect a picture."""
    kind, _ = mimetypes.guess_type(name)
    return kind is not None and kind.startswith("image/")


def promises_medium(name: str) -> bool:
    """Whether the name makes people expect sound or video."""
    kind, _ = mimetypes.guess_type(name)
    return kind is not None and kind.startswith(("audio/", "video/"))

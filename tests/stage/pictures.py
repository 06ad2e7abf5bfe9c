"""Small pictures and other files, made in code: valid ones, and malicious ones."""

import io
import struct
import wave
import zipfile
import zlib
from typing import Any

from PIL import Image

GPS_TAG, ORIENTATION_TAG = 0x8825, 0x0112


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), **saved: Any) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", size, "#2a6").save(held, kind, **saved)
    return held.getvalue()


def photo() -> bytes:
    """As a phone takes it: lying on its side, with the place and a comment in it."""
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    exif[0x010F] = "Phone of Bob"
    exif.get_ifd(GPS_TAG)[2] = (52.0, 31.0, 12.0)
    return picture("JPEG", (1600, 900), exif=exif, comment=b"taken at home")


def enormous() -> bytes:
    """50,000 × 50,000 pixels in a few bytes."""

    def chunk(kind: bytes, said: bytes) -> bytes:
        return struct.pack(">I", len(said)) + kind + said + struct.pack(">I", zlib.crc32(kind + said))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def zip_bomb(name: str = "zeros") -> bytes:
    """Says that it unpacks to 4 GB. `name`: of what is in it; documents are archives, known by theirs."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, bytes(1000))
    said = held.getvalue()
    return said.replace(struct.pack("<I", 1000), struct.pack("<I", 2**32 - 2))


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as kept:
        kept.writestr("plan.txt", "the plan")
    return held.getvalue()


def sound() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(8000)
        tone.writeframes(bytes(8000))
    return held.getvalue()


HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF = b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"

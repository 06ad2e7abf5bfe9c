"""The sandbox: draws one picture anew, or looks into one archive, in a process of its own, because the file may be malicious.

Run as `sandbox.py KIND MOST_PIXELS SOURCE TARGET PREVIEW`, the last three are open descriptors. It prints the result as a line of
JSON: {width, height, has_preview}, or {refused: why}. It knows nothing of Gapless, and limits itself before it opens the file.
"""

import json
import os
import resource
import sys
import warnings
import zipfile
from typing import IO, Any

from PIL import Image, ImageOps, UnidentifiedImageError

MEMORY_BYTES = 1536 * 2**20
PROCESSOR_SECONDS = 20
#: A low priority, so that the server's own work goes first.
NICE = 10
WRITTEN_BYTES = 128 * 2**20
#: The longer side of a preview, in pixels: pages show pictures 360 wide, on fine screens with two pixels for each.
PREVIEW_PIXELS = 720
#: A picture with no more pixels and bytes than these is its own preview.
ENOUGH_BYTES = 96 * 1024
#: All frames of an animation together may have so many times the pixels of a still picture.
FRAMES_WORTH = 4
#: The metadata that is kept: colours and the timing of frames.
TOLD = ("icc_profile", "transparency", "duration", "loop", "background", "gamma")
SAVED: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 90},
    "WEBP": {"quality": 90},
    # Faster than the default, and a quarter larger: 50 million pixels take 7 s instead of 36.
    "AVIF": {"quality": 80, "speed": 9},
    "PNG": {},
    "GIF": {},
}
#: An archive that unpacks to more bytes than this, and to more than so many times its size, is made to fill disks.
UNPACKED_BYTES, UNPACKED_TIMES = 2**30, 100


class Refused(Exception):
    """A refusal. Its text is the reason: pixels, broken, bomb, costly."""


def main(kind: str, most_pixels: str, source: str, target: str, preview: str) -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, WRITTEN_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.nice(NICE)
    with (
        os.fdopen(int(source), "rb") as given,
        os.fdopen(int(target), "wb") as new,
        os.fdopen(int(preview), "wb") as small,
    ):
        given.seek(0)
        try:
            said = _archive(given) if kind == "ZIP" else _picture(kind, int(most_pixels), given, new, small)
        except Refused as refused:
            said = {"refused": str(refused)}
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            said = {"refused": "pixels"}
        except MemoryError:
            said = {"refused": "costly"}
        except (UnidentifiedImageError, zipfile.BadZipFile, OSError, ValueError, SyntaxError, EOFError):
            said = {"refused": "broken"}
    sys.stdout.write(json.dumps(said))


def _picture(kind: str, most: int, given: IO[bytes], new: IO[bytes], small: IO[bytes]) -> dict[str, Any]:
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = most
    image = Image.open(given, formats=[kind])
    frames = getattr(image, "n_frames", 1)
    if image.width * image.height > most or image.width * image.height * frames > most * FRAMES_WORTH:
        raise Refused("pixels")
    saved = "PNG" if kind == "BMP" else kind
    if frames > 1:
        size, has_preview = _animation(image, saved, new), False
    else:
        size, has_preview = _still(image, saved, new, small)
    return {"width": size[0], "height": size[1], "has_preview": has_preview}


def _still(image: Image.Image, saved: str, new: IO[bytes], small: IO[bytes]) -> tuple[tuple[int, int], bool]:
    upright = ImageOps.exif_transpose(image)
    _forget(upright)
    if saved == "JPEG" and upright.mode not in ("L", "RGB", "CMYK"):
        upright = upright.convert("RGB")
    upright.save(new, saved, icc_profile=upright.info.get("icc_profile"), **SAVED[saved])
    if max(upright.size) <= PREVIEW_PIXELS and new.tell() <= ENOUGH_BYTES:
        return upright.size, False
    size = upright.size
    upright.thumbnail((PREVIEW_PIXELS, PREVIEW_PIXELS))
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    upright.convert("RGBA" if has_alpha else "RGB").save(small, "WEBP", quality=80)
    return size, True


def _animation(image: Image.Image, saved: str, new: IO[bytes]) -> tuple[int, int]:
    _forget(image)
    image.save(new, saved, save_all=True, **SAVED[saved])
    return image.size


def _forget(image: Image.Image) -> None:
    # Without this some formats would write metadata again: comments, places, names of cameras.
    image.info = {name: told for name, told in image.info.items() if name in TOLD}
    image.getexif().clear()


def _archive(given: IO[bytes]) -> dict[str, Any]:
    size = given.seek(0, os.SEEK_END)
    with zipfile.ZipFile(given) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > UNPACKED_BYTES and unpacked > size * UNPACKED_TIMES:
        raise Refused("bomb")
    return {}


if __name__ == "__main__":
    main(*sys.argv[1:])

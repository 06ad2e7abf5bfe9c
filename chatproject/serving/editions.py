"""The edition of the pages' files, as a short name: equal files have an equal name. Knows nothing of Django."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "chat" / "static"
#: The modules beside these are in the bundle; with DEBUG they are served as they are.
SERVED = ("gapless/*.svg", "gapless/css/*.css", "gapless/door/*.js", "gapless/bundle/*")


def served() -> Iterator[str]:
    """The files of the pages, as static names, in order."""
    for pattern in SERVED:
        for path in sorted(SOURCES.glob(pattern)):
            yield path.relative_to(SOURCES).as_posix()


def edition() -> str:
    """The name of the edition, which changes with every byte of the files."""
    digest = hashlib.sha256()
    for name in served():
        digest.update(name.encode() + b"\0" + hashlib.sha256((SOURCES / name).read_bytes()).digest())
    return digest.hexdigest()[:16]

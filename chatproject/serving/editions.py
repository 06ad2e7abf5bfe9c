"""What the pages are made of, as one short name: the same files, the same name. Knows nothing of Django."""

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
    """Changes with every byte of what is served."""
    digest = hashlib.sha256()
    for name in served():
        digest.update(name.encode() + b"\0" + hashlib.sha256((SOURCES / name).read_bytes()).digest())
    return digest.hexdigest()[:16]

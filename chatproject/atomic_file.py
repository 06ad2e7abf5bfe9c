"""Writes a file that only its owner may read and that appears when it is complete; until then it has a random name beside it."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file, mode 0600, that replaces one of this name when the block ends without an error.

    A link, a folder or a device of this name is not replaced, because another user may have put it there. Raises OSError.
    """
    _require_place(path)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _require_place(path)
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def _require_place(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise FileExistsError(f"{path} is there, and no plain file: nothing is written in its place")

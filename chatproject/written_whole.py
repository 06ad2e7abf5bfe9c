"""A file for its owner's eyes that appears when it is whole: until then it lies beside its place, under a name made then."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """What is written in the block, mode 0600, takes the place of a file of that name when the block ends well.

    A link, a folder or a device of that name stays what it is: another may have laid it there. Raises OSError.
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

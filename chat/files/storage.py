"""The storage of bytes: one folder for each file in Django's default storage, so that deleting the folder deletes everything.

It is a folder of this machine, or a bucket (FILES_URL). Names that people choose are never part of a path.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import IO, Any

from django.core.files import File as Content
from django.core.files.storage import FileSystemStorage, Storage, storages

#: Names in a file's folder: the file itself, and its preview.
WHOLE, PREVIEW = "whole", "preview"


class Folder(FileSystemStorage):
    """A folder of this machine. When saving returns, the bytes are on the disk (fsync)."""

    def __init__(self, location: str | os.PathLike[str]) -> None:
        super().__init__(location, allow_overwrite=True, file_permissions_mode=0o600, directory_permissions_mode=0o700)

    def _save(self, name: str, content: Any) -> Any:
        saved = super()._save(name, content)  # type: ignore[misc]
        path = self.path(saved)
        for kept in (path, os.path.dirname(path)):
            descriptor = os.open(kept, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return saved


class StorageAway(OSError):
    """The storage does not answer, or does not let this account in."""


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Within the block, what the library of a bucket raises is StorageAway, for operators to read."""
    try:
        yield
    except Exception as error:
        # It is not loaded where files are in a folder.
        if type(error).__module__.partition(".")[0] not in ("botocore", "boto3", "s3transfer"):
            raise
        raise StorageAway(f"the storage of files does not answer: {error}") from error


def storage() -> Storage:
    return storages["default"]


def put(folder: str, name: str, content: IO[bytes]) -> None:
    """Stores bytes under a name in a file's folder. Repeating stores the same again."""
    content.seek(0)
    storage().save(f"{folder}/{name}", Content(content))


def exists(folder: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return bool(storage().listdir(folder)[1])
    return False


def get(folder: str, name: str) -> IO[bytes]:
    """Opens the bytes under a name. Raises FileNotFoundError."""
    return storage().open(f"{folder}/{name}", "rb")


def delete(folder: str, *names: str) -> None:
    """Deletes a name; a missing one is no error."""
    for name in names:
        storage().delete(f"{folder}/{name}")


def delete_folder(folder: str) -> None:
    """Deletes the folder with everything in it."""
    with contextlib.suppress(FileNotFoundError):
        delete(folder, *storage().listdir(folder)[1])
        storage().delete(folder)

"""Where bytes lie: one folder a file in Django's default storage, so that all of a file goes with its folder.

In a folder of this machine, or in a bucket (FILES_URL). A name that people gave is never part of a path.
"""

import contextlib
import os
from typing import IO, Any

from django.core.files import File as Content
from django.core.files.storage import FileSystemStorage, Storage, storages

#: In a file's folder: what is handed out, and the small picture of it.
WHOLE, PREVIEW = "whole", "preview"


class Folder(FileSystemStorage):
    """Files of this machine: on the disk, and not only on their way there, when saving returns."""

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


def storage() -> Storage:
    return storages["default"]


def put(folder: str, name: str, content: IO[bytes]) -> None:
    """Repeating it puts the same there again."""
    content.seek(0)
    storage().save(f"{folder}/{name}", Content(content))


def has(folder: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return bool(storage().listdir(folder)[1])
    return False


def get(folder: str, name: str) -> IO[bytes]:
    """Raises FileNotFoundError."""
    return storage().open(f"{folder}/{name}", "rb")


def take_away(folder: str, *names: str) -> None:
    """What is not there is as good as gone."""
    for name in names:
        storage().delete(f"{folder}/{name}")


def take_away_all(folder: str) -> None:
    """The folder, with all that it has."""
    with contextlib.suppress(FileNotFoundError):
        take_away(folder, *storage().listdir(folder)[1])
        storage().delete(folder)

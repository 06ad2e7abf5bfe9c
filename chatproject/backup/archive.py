"""A backup as a file: a tar archive with a manifest, a dump of the database, the bytes of all files, and the sums of all these.

The sums come last: an archive that was cut off has none, and is told from a whole one before anything is touched.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from chatproject.backup.errors import BackupError

MANIFEST, DUMP, FILES, SUMS = "manifest.json", "database.dump", "files/", "sums.json"
FORMAT = 1
_CHUNK = 1 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds; times RFC 3339. `rows` and `heads` say after a restore whether all of it is there."""

    format: int
    made_at: str
    epoch: str
    #: PostgreSQL's major release.
    postgresql: int
    #: app → its newest migration.
    migrations: dict[str, str]
    #: table → rows.
    rows: dict[str, int]
    #: The sum of all channels' heads.
    heads: int
    files: int


class Writer:
    """Writes beside `path` and puts it there when it is whole. Nobody but the owner may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._sums: dict[str, str] = {}

    def __enter__(self) -> "Writer":
        descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        return self

    def add(self, name: str, content: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        summed = _Summed(content)
        self._tar.addfile(member, summed)
        self._sums[name] = summed.digest.hexdigest()

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            if kind is None:
                sums = msgspec.json.encode(self._sums)
                member = tarfile.TarInfo(SUMS)
                member.size, member.mode = len(sums), 0o600
                self._tar.addfile(member, io.BytesIO(sums))
                self._tar.close()
                self._file.flush()
                os.fsync(self._file.fileno())
                os.replace(self._part, self._path)
        finally:
            self._file.close()
            self._part.unlink(missing_ok=True)


class Reader:
    """Reads an archive from the beginning. Raises BackupError for what is none, is cut off or was changed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def members(self) -> Iterator[tuple[str, IO[bytes], int]]:
        try:
            with tarfile.open(self._path, mode="r:") as tar:
                for member in tar:
                    content = tar.extractfile(member)
                    if content is None:
                        raise BackupError(f"{self._path} has {member.name}, which is no file")
                    yield member.name, content, member.size
        except (tarfile.TarError, OSError) as error:
            raise BackupError(f"{self._path} can't be read as a backup: {error}") from None

    def check(self) -> Manifest:
        """The manifest, once every byte is what was written."""
        found: dict[str, str] = {}
        raw: dict[str, bytes] = {}
        try:
            for name, content, _ in self.members():
                kept = raw.setdefault(name, content.read()) if name in (MANIFEST, SUMS) else None
                found[name] = hashlib.sha256(kept).hexdigest() if kept is not None else _sum_of(content)
        except tarfile.TarError:
            raise BackupError(f"{self._path} was cut off") from None
        try:
            sums = msgspec.json.decode(raw.pop(SUMS), type=dict[str, str])
            manifest = msgspec.json.decode(raw[MANIFEST], type=Manifest)
        except (KeyError, msgspec.MsgspecError):
            raise BackupError(f"{self._path} is no backup of Gapless, or was cut off") from None
        if manifest.format != FORMAT:
            raise BackupError(f"{self._path} is a backup of format {manifest.format}: this release reads {FORMAT}")
        del found[SUMS]
        if changed := sorted(sums.keys() ^ found.keys()) or sorted(name for name in sums if sums[name] != found[name]):
            raise BackupError(f"{self._path} is damaged: {changed[0]} is not what was written")
        return manifest


class _Summed:
    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self.digest.update(chunk)
        return chunk


def _sum_of(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()

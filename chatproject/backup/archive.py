"""A backup as a file: a tar archive with a manifest, a dump of the database, the bytes of all files, and checksums of all these.

The checksums come last: a truncated archive has none, so it is recognised before the database is changed.
"""

import contextlib
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from chatproject.atomic_file import atomic_file
from chatproject.backup.errors import BackupError

MANIFEST, DUMP, FILES, SUMS = "manifest.json", "database.dump", "files/", "sums.json"
FORMAT = 1
_CHUNK = 1 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a backup; times are RFC 3339. After a restore `rows` and `heads` show whether everything is there."""

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
    """Writes an archive, with the checksums last. Only its owner may read it."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._sums: dict[str, str] = {}

    @classmethod
    @contextlib.contextmanager
    def at(cls, path: Path) -> "Iterator[Writer]":
        """Writes to this path; replaces a file there when the block ends without an error."""
        with atomic_file(path) as file, tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            writer = cls(tar)
            yield writer
            sums = msgspec.json.encode(writer._sums)
            tar.addfile(_member(SUMS, len(sums)), io.BytesIO(sums))

    def add(self, name: str, content: IO[bytes], size: int) -> None:
        summed = _Summed(content)
        self._tar.addfile(_member(name, size), summed)
        self._sums[name] = summed.digest.hexdigest()


class Reader:
    """Reads an archive from the beginning. Raises BackupError for another file, a truncated and a changed one."""

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
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise BackupError(f"{self._path} can't be read as a backup: {why}") from None

    def check(self) -> Manifest:
        """Checks every byte, and returns the manifest."""
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


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


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

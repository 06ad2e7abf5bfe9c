"""A zip that is written while data is read, entry by entry; it gets its name when it is complete. Only its owner may read it."""

import contextlib
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
from django.db import connection, transaction

from chat.files import storage
from chat.models import File
from chatproject.atomic_file import atomic_file

#: How many rows are in memory at once.
AT_ONCE = 2000
_CHUNK = 1 << 20


class Archive:
    """A zip archive. It replaces a file of its name when the block ends without an error."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        #: The number of lines by entry, and of files.
        self.counts: dict[str, int] = {}

    @classmethod
    @contextlib.contextmanager
    def at(cls, path: Path) -> "Iterator[Archive]":
        with atomic_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            yield cls(zipped)

    @contextlib.contextmanager
    def entry(self, name: str) -> Iterator[IO[bytes]]:
        with self._zip.open(name, "w", force_zip64=True) as entry:
            yield entry

    def one(self, name: str, said: Any) -> None:
        """Writes an entry with one JSON object."""
        with self.entry(name) as entry:
            entry.write(msgspec.json.format(msgspec.json.encode(said), indent=2))

    def lines(self, name: str, rows: Iterable[Any]) -> None:
        """Writes an entry with one JSON object a line; an empty entry is written too: it shows that there is nothing."""
        count = 0
        with self.entry(name) as entry:
            for count, row in enumerate(rows, 1):  # noqa: B007 (how many it were)
                entry.write(msgspec.json.encode(row) + b"\n")
        self.counts[name] = count

    def files(self, rows: Iterable[File]) -> None:
        """Writes the files, after `files.jsonl`; files that the sweep has just deleted are skipped."""
        count = 0
        for row in rows:
            with contextlib.suppress(FileNotFoundError), storage.get(row.folder, storage.WHOLE) as content:
                with self.entry(f"files/{entry_name(row)}") as entry:
                    shutil.copyfileobj(content, entry, _CHUNK)
                count += 1
        self.counts["files/"] = count


def entry_name(row: File) -> str:
    """The entry's name: the id makes it unique, and the file's name can't contain a path (chat/files/names.py)."""
    return f"{row.pk}-{row.name}"


@contextlib.contextmanager
def snapshot() -> Iterator[None]:
    """All reads in the block see the data of its beginning, however long it takes; nothing waits for it."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def streamed(rows: Any, spelled: Callable[[Any], Any]) -> Iterator[Any]:
    """The encoded rows, one by one, with few of them in memory at once."""
    return (spelled(row) for row in rows.iterator(chunk_size=AT_ONCE))

"""A zip that is written as it is read: one entry after the other, put where it belongs when it is whole, for its owner's eyes."""

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
from chatproject.written_whole import written_whole

#: Rows that are in memory at once.
AT_ONCE = 2000
_CHUNK = 1 << 20


class Archive:
    """What is under that name is replaced when the block ends well."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped
        #: Lines by entry, and files.
        self.counts: dict[str, int] = {}

    @classmethod
    @contextlib.contextmanager
    def at(cls, path: Path) -> "Iterator[Archive]":
        with written_whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            yield cls(zipped)

    @contextlib.contextmanager
    def entry(self, name: str) -> Iterator[IO[bytes]]:
        with self._zip.open(name, "w", force_zip64=True) as entry:
            yield entry

    def one(self, name: str, said: Any) -> None:
        """One JSON object."""
        with self.entry(name) as entry:
            entry.write(msgspec.json.format(msgspec.json.encode(said), indent=2))

    def lines(self, name: str, rows: Iterable[Any]) -> None:
        """One JSON object a line; an entry without any is written too: it says that there is nothing."""
        count = 0
        with self.entry(name) as entry:
            for count, row in enumerate(rows, 1):  # noqa: B007 (how many it were)
                entry.write(msgspec.json.encode(row) + b"\n")
        self.counts[name] = count

    def files(self, rows: Iterable[File]) -> None:
        """`files.jsonl` has come before; what the sweep has just taken away is passed over."""
        count = 0
        for row in rows:
            with contextlib.suppress(FileNotFoundError), storage.get(row.folder, storage.WHOLE) as content:
                with self.entry(f"files/{entry_name(row)}") as entry:
                    shutil.copyfileobj(content, entry, _CHUNK)
                count += 1
        self.counts["files/"] = count


def entry_name(row: File) -> str:
    """Its number makes it the only one; its name can't lead anywhere (chat/files/names.py)."""
    return f"{row.pk}-{row.name}"


@contextlib.contextmanager
def snapshot() -> Iterator[None]:
    """All that is read in the block is as it was at its beginning, however long it takes; nothing waits for it."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


def streamed(rows: Any, spelled: Callable[[Any], Any]) -> Iterator[Any]:
    """Each row as it is spelled; so many of them in memory at once, however many there are."""
    return (spelled(row) for row in rows.iterator(chunk_size=AT_ONCE))

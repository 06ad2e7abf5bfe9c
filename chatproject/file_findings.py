"""The doctor's findings about files: their size, missing bytes, and bytes without a row."""

import datetime
import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db.models import Sum

from chat import clock
from chat.files import storage
from chat.models import File
from chatproject.findings import Finding

#: How many files, the newest, are looked up in the storage: a bucket needs a request for each.
LOOKED_FOR = 500
#: How long a file may be left over: the sweep of a web process runs every few seconds.
LATE_SECONDS = 600


def files() -> Iterator[Finding]:
    held = File.objects.held()
    size = (held.aggregate(bytes=Sum("size"))["bytes"] or 0) / 2**20
    said = f"{held.count():,} files with {size:,.0f} MiB"
    whole = list(held.whole().order_by("-pk").values_list("folder", flat=True)[:LOOKED_FOR])
    with storage.answering():
        missing = sum(not storage.storage().exists(f"{folder}/{storage.WHOLE}") for folder in whole)
    if missing:
        do = "See that FILES_URL is the storage that they were put into, or restore it from a backup."
        yield Finding("files", "wrong", f"{missing:,} of the newest {len(whole):,} are not in their storage", do)
    if strange := _without_row():
        yield Finding("files", "warning", f"{strange:,} folders belong to no file", "They may be of an older database.")
    before = clock.now() - datetime.timedelta(hours=settings.LIMITS.orphan_hours, seconds=LATE_SECONDS)
    late = File.objects.filter(message=None, taken_at=None, created_at__lt=before).count()
    if late:
        yield Finding("files", "warning", f"{late:,} are left over", "Run a web process, or `manage.py prune`.")
    closed = _closed_folder()
    if closed:
        do = "Let FILES_URL name a folder in which this account may write."
        yield Finding("files", "wrong", f"{closed} can't be written by this account", do)
    if not missing and not closed:
        yield Finding("files", "ok", said)


def _closed_folder() -> str:
    kept = storage.storage()
    if not isinstance(kept, storage.Folder):
        return ""
    location = Path(kept.location)
    # It is made with the first file. Nothing is written to find out: a folder of root's would keep the server out.
    there = next(path for path in (location, *location.parents) if os.path.exists(path))
    return "" if there.is_dir() and os.access(there, os.W_OK | os.X_OK) else str(location)


def _without_row() -> int:
    kept = storage.storage()
    if not isinstance(kept, storage.Folder) or not os.path.isdir(kept.location):
        return 0
    found = {f"{outer}/{inner}" for outer in kept.listdir("")[0] for inner in kept.listdir(outer)[0]}
    # Read after the folders, because a file's row is written before its folder.
    known = set(File.objects.values_list("folder", flat=True))
    return len(found - known)

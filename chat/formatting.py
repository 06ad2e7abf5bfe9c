"""Files and durations as plain text, for mails, transcripts and tables."""

from collections.abc import Iterable, Mapping
from typing import Any


def format_size(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    if size < 1024 * 1024:
        return f"{int(size / 1024 + 0.5)} KB"
    return f"{int(size / 1024 / 1024 * 10 + 0.5) / 10:.1f} MB"


def format_duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def format_files(files: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """The files of a message as one line of text: names and sizes, from the message's column `files`."""
    return [f"(file: {file['name']}, {format_size(file['size'])})" for file in files or ()]

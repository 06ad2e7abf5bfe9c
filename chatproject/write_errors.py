"""Tells the operator why their file can't be written, without names of our temporary files beside it."""

from pathlib import Path


def why_not_written(path: Path, error: Exception) -> str:
    is_there = isinstance(error, OSError) and error.filename and Path(error.filename).parent == path.parent
    return f"{path}: {error.strerror}" if isinstance(error, OSError) and is_there else str(error)

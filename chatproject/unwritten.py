"""Why a file that an operator named can't be written, in the operator's words: parts of ours beside it are nobody's business."""

from pathlib import Path


def why_not_written(path: Path, error: Exception) -> str:
    is_there = isinstance(error, OSError) and error.filename and Path(error.filename).parent == path.parent
    return f"{path}: {error.strerror}" if isinstance(error, OSError) and is_there else str(error)

"""A bulk act: a verb over many rows."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from chat import origin
from delivery.errors import Refused

Row = TypeVar("Row")


def each(rows: Iterable[Row], act: Callable[[Row], object]) -> tuple[list[Row], list[tuple[Row, Refused]]]:
    """Each by itself: what was done, and what was refused. Rows have an allowance of their own (BULK_ROWS)."""
    done: list[Row] = []
    refused: list[tuple[Row, Refused]] = []
    with origin.in_bulk():
        for row in rows:
            try:
                act(row)
            except Refused as refusal:
                refused.append((row, refusal))
            else:
                done.append(row)
    return done, refused

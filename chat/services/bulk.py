"""A bulk act: a verb over many rows."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from chat.allowances.counting import count, note_usage
from chat.allowances.table import BULK_ROWS
from chat.middleware import caller
from chat.models import User
from delivery.wire.errors import Refused

Row = TypeVar("Row")


def for_each_row(
    actor: User, rows: Iterable[Row], act: Callable[[Row], object]
) -> tuple[list[Row], list[tuple[Row, Refused]]]:
    """Does each row by itself; returns what was done and what was refused.

    Each row costs one of BULK_ROWS, also a refused one: finding out that it is refused is most of the work.
    """
    done: list[Row] = []
    refused: list[tuple[Row, Refused]] = []
    with caller.in_bulk():
        for row in rows:
            try:
                if (usage := count(BULK_ROWS, actor)) is not None:
                    note_usage(usage)
                act(row)
            except Refused as refusal:
                refused.append((row, refusal))
            else:
                done.append(row)
    return done, refused

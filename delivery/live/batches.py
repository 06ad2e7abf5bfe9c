"""Many things, some at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size`, in order. (itertools has it from Python 3.12 on.)"""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some

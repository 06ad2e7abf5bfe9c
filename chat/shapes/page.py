"""Pages of lists, by the contract: the rows of this page, and where the neighbouring pages begin, as addresses and as numbers."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import msgspec

Row = TypeVar("Row")
Address = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """One page of a list; `next` and `previous` are the addresses of the neighbouring pages."""

    results: Sequence[Row]
    next: Address | None
    previous: Address | None
    has_more: bool


class CursorPage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """A page in the order of a growing number: `?cursor=` continues after it."""

    next_cursor: int | None


class HistoryPage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """A page of messages, newest first: `?before=` a seq leads to older ones, `?after=` to newer ones."""

    next_before: int | None
    previous_after: int | None


class ChangesPage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """Changes in the order of their numbers, with the channel's head. `resync`: the caller's number can't be continued."""

    next_since: int | None
    head: int
    epoch: str
    resync: bool


class FoundPage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """Messages that a search has found; `approximate`: some have only similar words."""

    next_cursor: str | None
    approximate: bool

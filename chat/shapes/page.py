"""Lists as the contract spells them: what is on this page, and where those beside it begin, as addresses and as numbers."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import msgspec

Row = TypeVar("Row")
Address = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]


class Page(msgspec.Struct, Generic[Row], frozen=True, kw_only=True):
    """One page of a list; `next` and `previous` lead to those beside it."""

    results: Sequence[Row]
    next: Address | None
    previous: Address | None
    has_more: bool


class CursorPage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """In the order of a growing number: `?cursor=` continues after it."""

    next_cursor: int | None


class HistoryPage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """Newest first: `?before=` a seq leads to older ones, `?after=` to newer."""

    next_before: int | None
    previous_after: int | None


class ChangesPage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """In the order of their numbers, with how far the channel is; `resync`: what is held counts for nothing."""

    next_since: int | None
    head: int
    epoch: str
    resync: bool


class FoundPage(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """What a search has found; `approximate`: some are only like what was looked for."""

    next_cursor: str | None
    approximate: bool

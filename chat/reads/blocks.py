"""Who has blocked whom."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from chat import hot

# Asked again and again, of everybody who is here: two arrays, whatever their number.
_BLOCKS = "SELECT blocker_id, blocked_id FROM blocks WHERE blocker_id = ANY(%s) OR blocked_id = ANY(%s)"


@dataclass
class Apart:
    """From whom somebody is kept: those they have blocked, and those who have blocked them."""

    blocked: set[int] = field(default_factory=set)
    blocked_by: set[int] = field(default_factory=set)


def apart_from(users: Sequence[int]) -> dict[int, Apart]:
    """In a database thread: for those of these people who have blocked somebody, or are blocked."""
    asked, found = set(users), defaultdict[int, Apart](Apart)
    for blocker, blocked in hot.rows(_BLOCKS, [list(asked), list(asked)]):
        if blocker in asked:
            found[blocker].blocked.add(blocked)
        if blocked in asked:
            found[blocked].blocked_by.add(blocker)
    return dict(found)

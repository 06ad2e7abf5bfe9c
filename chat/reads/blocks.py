"""Reads blocks between users."""

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from chat import prepared_sql

# Asked again and again, of everybody who is here: two arrays, whatever their number.
_BLOCKS = "SELECT blocker_id, blocked_id FROM blocks WHERE blocker_id = ANY(%s) OR blocked_id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Apart:
    """A user's blocks: the users whom they have blocked, and the users who have blocked them."""

    blocked: AbstractSet[int] = frozenset()
    blocked_by: AbstractSet[int] = frozenset()


#: Nearly everybody: kept once, not for each.
NOT_APART = Apart()


def apart_from(users: Sequence[int]) -> dict[int, Apart]:
    """The blocks of these users; users without blocks are left out. In a database thread."""
    asked = set(users)
    blocked_by, blockers_of = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for blocker, blocked in prepared_sql.rows(_BLOCKS, [list(asked), list(asked)]):
        blocked_by[blocker].add(blocked)
        blockers_of[blocked].add(blocker)
    apart = asked & (blocked_by.keys() | blockers_of.keys())
    return {user: Apart(blocked_by.get(user, set()), blockers_of.get(user, set())) for user in apart}

"""Who has blocked whom."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from chat.models import Block


@dataclass
class Apart:
    """From whom somebody is kept: those they have blocked, and those who have blocked them."""

    blocked: set[int] = field(default_factory=set)
    blocked_by: set[int] = field(default_factory=set)


def apart_from(users: Sequence[int]) -> dict[int, Apart]:
    """In a database thread: for those of these people who have blocked somebody, or are blocked."""
    found: dict[int, Apart] = defaultdict(Apart)
    for blocker, blocked in Block.objects.filter(blocker__in=users).values_list("blocker", "blocked"):
        found[blocker].blocked.add(blocked)
    for blocker, blocked in Block.objects.filter(blocked__in=users).values_list("blocker", "blocked"):
        found[blocked].blocked_by.add(blocker)
    return dict(found)

"""`member_count` against the memberships themselves: what differs, and making it true again."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, F

from chat.models import Channel
from chat.services import log


@dataclass(frozen=True, slots=True)
class WrongCount:
    channel: int
    name: str
    said: int
    #: Memberships that there are.
    true: int


def wrong_counts() -> list[WrongCount]:
    """Channels whose count is not true. One statement, so one snapshot: what is joined meanwhile makes no difference."""
    rows = Channel.objects.annotate(true=Count("members")).exclude(true=F("member_count")).order_by("pk")
    return [WrongCount(row.pk, str(row), row.member_count, row.true) for row in rows]


def mend_count(channel: int) -> None:
    """Counts anew under the channel's row lock, which every joining and leaving takes."""
    with transaction.atomic():
        entry = log.lock([channel]).get(channel)
        if entry is not None:
            log.count_members(entry, entry.channel.members.count() - entry.channel.member_count)

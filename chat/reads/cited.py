"""Messages by their addresses, for links that cite them: only those that the reader may see."""

import operator
from collections.abc import Collection
from functools import reduce

from django.db.models import Q

from chat.models import Member, Message


def cited(user: int, places: Collection[tuple[int, int]]) -> list[Message]:
    """The messages at `places`: (channel, seq). Missing messages and those of others' channels are left out alike."""
    channels = Member.objects.filter(user=user, channel__in={channel for channel, _ in places}).values_list("channel")
    mine = {channel for (channel,) in channels}
    asked = [Q(channel=channel, seq=seq) for channel, seq in places if channel in mine]
    if not asked:
        return []
    return list(Message.objects.filter(reduce(operator.or_, asked)).for_the_wire().order_by("channel", "seq"))

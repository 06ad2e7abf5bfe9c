"""Staff read a private conversation without being a member: with a reason, a line in the audit log, and for a limited time."""

import datetime

from django.db import transaction

from chat.models import Act, Channel, ChannelKind, User
from chat.rights.standing import moderates_everywhere
from chat.services import audit
from delivery.wire.errors import Forbidden, Invalid, NotFound

#: How long one reason allows reading.
READING = datetime.timedelta(minutes=15)


def inspect_channel(actor: User, *, channel: int, reason: str) -> Channel:
    """Lets the actor read a private or direct conversation for READING; the line in the audit log is the permission.

    Raises Invalid without a reason or for a public channel, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    if not (actor.is_active and moderates_everywhere(actor)):
        raise Forbidden("Only staff who moderate every channel can read a channel that they are not in.")
    with transaction.atomic():
        row = Channel.objects.filter(pk=channel).first()
        if row is None:
            raise NotFound
        if row.kind == ChannelKind.PUBLIC:
            raise Invalid("This channel is public: the list of messages has its messages.")
        audit.record(Act.CHANNEL_READ, actor=actor, channel=channel, reason=reason)
    return row

"""Who reads a conversation with its notes without being in it, for doors that know a channel and not what it is about."""

from django.db.models import Q

from chat.models import User
from chat.support.models import Ticket
from chat.support.services.standing import require_reader
from delivery.wire.errors import Refused


def reads_conversation(user: User, channel: int) -> bool:
    """Whether the channel is a conversation, or the notes on one, that the user may read."""
    is_of_it = Q(conversation=channel) | Q(conversation__notes=channel)
    ticket = Ticket.objects.select_related("inbox", "conversation").filter(is_of_it).first()
    if ticket is None:
        return False
    try:
        require_reader(user, ticket.conversation, ticket.inbox)
    except Refused:
        return False
    return True

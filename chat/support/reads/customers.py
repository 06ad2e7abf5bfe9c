"""What doors ask that know people and channels and no desk: who reads a conversation from outside it, whose customer one is."""

from django.db.models import Q

from chat.models import User
from chat.support.models import Contact, Ticket
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


def desk_of_customer(user: User) -> int | None:
    """The desk (its channel) of the inbox that a visitor writes to."""
    if not user.is_visitor:
        return None
    return Contact.objects.filter(visitor=user).values_list("inbox__desk", flat=True).first()

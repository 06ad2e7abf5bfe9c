"""Answers for doors that know users and channels but no desk: whether an agent may read a conversation, and a visitor's desk."""

from django.db.models import Q

from chat.models import User
from chat.support.models import Contact, Ticket
from chat.support.services.standing import require_reader
from delivery.wire.errors import Refused


def reads_conversation(user: User, channel: int) -> bool:
    """Whether the channel is a conversation, or its notes, and the user may read it."""
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
    """The desk's channel of the inbox to which the visitor writes."""
    if not user.is_visitor:
        return None
    return Contact.objects.filter(visitor=user).values_list("inbox__desk", flat=True).first()

"""What an inbox's agents are told of a visitor."""

from collections.abc import Iterable

from chat.models import Conversation, User
from chat.support.models import Contact
from chat.support.services.standing import require_agent
from delivery.wire.errors import NotFound

#: Earlier conversations that are shown with a contact.
SHOWN = 50


def contact_for(user: User, *, visitor: int) -> tuple[Contact, Iterable[Conversation]]:
    """With the newest of their conversations. Raises NotFound for who is no agent of the inbox."""
    contact = Contact.objects.select_related("visitor", "inbox").filter(visitor=visitor).first()
    if contact is None:
        raise NotFound("There is no such visitor.")
    require_agent(user, contact.inbox)
    return contact, Conversation.objects.filter(visitor=visitor).order_by("-pk")[:SHOWN]

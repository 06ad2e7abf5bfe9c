"""A visitor, as an inbox's agents see them."""

from collections.abc import Iterable

from chat.models import Conversation, User
from chat.support.models import Contact
from chat.support.services.standing import require_agent
from delivery.wire.errors import NotFound

#: How many conversations are shown with a contact.
SHOWN = 50


def contact_for(user: User, *, visitor: int) -> tuple[Contact, Iterable[Conversation]]:
    """The contact with their newest conversations. Raises NotFound for a user who is no agent of the inbox."""
    contact = Contact.objects.select_related("visitor", "inbox").filter(visitor=visitor).first()
    if contact is None:
        raise NotFound("There is no such visitor.")
    require_agent(user, contact.inbox)
    return contact, Conversation.objects.filter(visitor=visitor).order_by("-pk")[:SHOWN]

"""Visits: how somebody from outside comes to an inbox, and the token that they have for it."""

from django.db import transaction

from chat.models import User
from chat.services.visitors import create_visitor
from chat.support.models import Contact, Inbox


def create_visit(inbox: Inbox, *, display_name: str = "") -> tuple[User, str]:
    """A visitor of the inbox whom nobody knows yet, and the secret of the visit's token; told this once. Raises Invalid."""
    with transaction.atomic():
        visitor, secret = create_visitor(display_name=display_name)
        Contact.objects.create(visitor=visitor, inbox=inbox)
    return visitor, secret

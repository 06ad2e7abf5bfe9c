"""Visits: how somebody from outside comes to an inbox, as nobody that is known or as whom the company says.

Merging is by a signed identity alone. Who was anonymous and is another person by now keeps what was said before to themselves:
an unverified visitor is never merged into a verified one.
"""

from django.conf import settings
from django.db import IntegrityError, transaction

from chat.models import Token, User
from chat.services.constraints import violates
from chat.services.credentials import recheck_logins
from chat.services.visitors import create_visitor, new_visit_token
from chat.support.models import Contact, Inbox, Ticket
from chat.support.services.identity import Identity, verified
from delivery.wire.errors import Forbidden, NotFound, NotVerified


def create_visit(inbox: Inbox, *, display_name: str = "") -> tuple[User, str]:
    """A visitor of the inbox whom nobody knows yet, and the secret of the visit's token; told this once. Raises Invalid."""
    with transaction.atomic():
        visitor, secret = create_visitor(display_name=display_name)
        Contact.objects.create(visitor=visitor, inbox=inbox)
    return visitor, secret


def visit(key: str, *, identity: str | None = None, visitor: User | None = None) -> str:
    """The secret of a token with which somebody writes to the inbox; told this once.

    `identity`: as the company signed it; `visitor`: who they are in this browser so far: they become the person of the identity,
    unless that person has been here before. Raises NotFound, NotVerified, or Forbidden for who was blocked.
    """
    inbox = open_inbox(key)
    if identity is not None:
        return _visit_of(inbox, verified(inbox, identity), visitor)
    if inbox.must_verify:
        raise NotVerified("Only users who are signed in on the company's page can write to this inbox.")
    return create_visit(inbox)[1]


def open_inbox(key: str) -> Inbox:
    """The inbox with this key that takes something new. Raises NotFound."""
    rows = Inbox.objects.select_related("hours").filter(key=key, is_enabled=True)
    # A null character, which a path can have, is in no column.
    inbox = None if "\x00" in key else rows.first()
    if inbox is None:
        raise NotFound("There is no such inbox, or it accepts no new conversations.")
    return inbox


def _visit_of(inbox: Inbox, identity: Identity, visitor: User | None) -> str:
    try:
        with transaction.atomic():
            return _token_of(_contact_of(inbox, identity, visitor), identity)
    except IntegrityError as error:
        # The same person came at the same moment in another tab.
        if violates(error, "support_contacts_identity_once"):
            return _visit_of(inbox, identity, visitor)
        raise


def _contact_of(inbox: Inbox, identity: Identity, visitor: User | None) -> Contact:
    contacts = Contact.objects.select_related("visitor").select_for_update(of=("self",), no_key=True)
    known = contacts.filter(inbox=inbox, identity=identity.sub).first()
    if known is not None:
        return known
    nobody = contacts.filter(inbox=inbox, visitor=visitor, identity="").first() if visitor is not None else None
    if nobody is None:
        return Contact(visitor=create_visitor(display_name=identity.name)[0], inbox=inbox)
    Ticket.objects.filter(conversation__visitor=nobody.visitor_id).update(verified=True)
    return nobody


def _token_of(contact: Contact, identity: Identity) -> str:
    if contact.blocked_at is not None or not contact.visitor.is_active:
        raise Forbidden("You can't write to this inbox any more.")
    if contact.identity == "":
        # Whoever had the browser before has no part in what is said from here on.
        end_tokens(contact.visitor_id)
    contact.identity, contact.attributes = identity.sub, identity.attributes
    contact.email = identity.email or contact.email
    contact.save()
    if identity.name and identity.name != contact.visitor.display_name:
        User.objects.filter(pk=contact.visitor_id).update(display_name=identity.name)
    oldest = Token.objects.filter(user=contact.visitor).order_by("-pk")[settings.LIMITS.tokens - 1 :]
    Token.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).delete()
    return new_visit_token(contact.visitor)


def end_tokens(visitor: int) -> None:
    """Within a transaction: whatever the visitor was signed in with ends, and their sockets are closed in every process."""
    Token.objects.filter(user=visitor).delete()
    recheck_logins(visitor)

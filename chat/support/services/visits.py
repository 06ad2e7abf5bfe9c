"""Visits: how a visitor comes to an inbox, anonymous or with the identity that the company signed.

Only a signed identity merges visitors. If an anonymous visitor turns out to be a person who was here before, their anonymous
conversations stay separate: an unverified visitor is never merged into a verified one.
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
    """Creates an unknown visitor of the inbox; returns them with the visit's secret, which is not stored. Raises Invalid."""
    with transaction.atomic():
        visitor, secret = create_visitor(display_name=display_name)
        Contact.objects.create(visitor=visitor, inbox=inbox)
    return visitor, secret


def visit(key: str, *, identity: str | None = None, visitor: User | None = None) -> str:
    """Begins a visit; returns the secret of its token, which is not stored.

    `identity`: signed by the company; `visitor`: the present visitor of this browser, who becomes the person of the identity unless
    that person has been here before. Raises NotFound, NotVerified, or Forbidden for a blocked visitor.
    """
    inbox = open_inbox(key)
    if identity is not None:
        return _visit_of(inbox, verified(inbox, identity), visitor)
    if inbox.must_verify:
        raise NotVerified("Only users who are signed in on the company's page can write to this inbox.")
    return create_visit(inbox)[1]


def open_inbox(key: str) -> Inbox:
    """The inbox with this key, if it accepts new conversations. Raises NotFound."""
    rows = Inbox.objects.select_related("hours").filter(key=key, is_enabled=True)
    # A path can contain a null character, which no column can hold.
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
        # The person who used the browser before must not read the messages from here on.
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
    """Within a transaction: ends all of the visitor's tokens, and closes their sockets in every process."""
    Token.objects.filter(user=visitor).delete()
    recheck_logins(visitor)

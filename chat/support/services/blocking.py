"""Blocking a visitor who abuses an inbox: they can't write to it any more, from the commit on and in every process."""

from django.db import transaction

from chat import clock
from chat.models import Act, User
from chat.services import audit
from chat.support.models import Contact
from chat.support.services.standing import require_agent
from chat.support.services.visits import end_tokens
from delivery.wire.errors import NotFound


def block_contact(actor: User, *, visitor: int, reason: str = "") -> Contact:
    """Ends the visitor's tokens and sockets, and refuses their identity. Repeating does nothing. Raises NotFound, Invalid."""
    reason = audit.bounded_reason(reason)
    with transaction.atomic():
        contact = _contact(actor, visitor)
        if contact.blocked_at is None:
            contact.blocked_at = clock.now()
            contact.save(update_fields=["blocked_at"])
            _record(Act.CONTACT_BLOCKED, actor, contact, reason)
            end_tokens(visitor)
    return contact


def unblock_contact(actor: User, *, visitor: int, reason: str = "") -> Contact:
    """Unblocks a visitor, who may begin a new visit. Repeating does nothing. Raises NotFound, Invalid."""
    reason = audit.bounded_reason(reason)
    with transaction.atomic():
        contact = _contact(actor, visitor)
        if contact.blocked_at is not None:
            contact.blocked_at = None
            contact.save(update_fields=["blocked_at"])
            _record(Act.CONTACT_UNBLOCKED, actor, contact, reason)
    return contact


def _contact(actor: User, visitor: int) -> Contact:
    locked = Contact.objects.select_related("inbox", "visitor").select_for_update(of=("self",), no_key=True)
    contact = locked.filter(visitor=visitor).first()
    if contact is None:
        raise NotFound("There is no such visitor.")
    require_agent(actor, contact.inbox)
    return contact


def _record(act: Act, actor: User, contact: Contact, reason: str) -> None:
    audit.record(act, actor=actor, whom=contact.visitor_id, channel=contact.inbox.desk_id, reason=reason)

"""A repeat of a message, known by its sender and client_msg_id: it gets the first message, and has no effect."""

from chat import shapes
from chat.models import Message
from chat.services.drafts import Draft
from chat.services.message_digest import digest_as_posted
from delivery.source import Committed
from delivery.wire.codec import encode
from delivery.wire.errors import Conflict, Refused


def posted_before(draft: Draft, *, reads: bool) -> Committed | None:
    """The outcome of a repeat, for verbs that do more than post; None for a new draft. `reads`: see `repeated`. Raises Conflict."""
    known = Message.objects.for_the_wire().filter(sender=draft.sender, client_msg_id=draft.client_msg_id).first()
    outcome = None if known is None else repeated(draft, known, reads=reads)
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def repeated(draft: Draft, known: Message, *, reads: bool) -> Committed | Refused:
    """The outcome of a draft with the same sender and client_msg_id as this message. `reads`: the sender is in its channel."""
    first = digest_as_posted(known)
    is_same = known.channel_id == draft.channel if first is None else first == draft.digest
    if not is_same:
        return Conflict()
    message = shapes.message_of(known) if reads else shapes.message_as_said(known, draft.body)
    return Committed(raw=encode(message), duplicate=True)

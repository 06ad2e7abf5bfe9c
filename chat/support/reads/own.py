"""A visitor's own conversations, with the public name of the agent who answers."""

from django.db.models import F, Func, QuerySet, TextField

from chat.models import Conversation, User
from delivery.wire.errors import NotFound


def own_conversations(visitor: User) -> "QuerySet[Conversation]":
    """The visitor's conversations, each with its channel and `public_assignee`."""
    name = Func(F("desk_id"), F("assignee_id"), function="public_name", output_field=TextField())
    own = Conversation.objects.filter(visitor=visitor).select_related("channel")
    rows: QuerySet[Conversation] = own.annotate(public_assignee=name)  # type: ignore[no-redef]
    return rows


def own_conversation(visitor: User, *, conversation: int) -> Conversation:
    """One of the visitor's conversations. Raises NotFound for another visitor's."""
    row = own_conversations(visitor).filter(pk=conversation).first()
    if row is None:
        raise NotFound
    return row

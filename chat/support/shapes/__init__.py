"""What clients of the support's API get: its rows as structs, each defined once."""

from chat.support.shapes.conversation import (
    QueueCounts,
    QueuePage,
    SupportConversation,
    conversation_of,
    counts_of,
)
from chat.support.shapes.inbox import (
    InboxAgent,
    InboxInFull,
    InboxSecret,
    NewInbox,
    agent_of,
    inbox_in_full,
    new_inbox_of,
)
from chat.support.shapes.visit import Doorstep, NewVisit, OwnConversation, doorstep_of, own_conversation_of

__all__ = [
    "Doorstep",
    "InboxAgent",
    "InboxInFull",
    "InboxSecret",
    "NewInbox",
    "NewVisit",
    "OwnConversation",
    "QueueCounts",
    "QueuePage",
    "SupportConversation",
    "agent_of",
    "conversation_of",
    "counts_of",
    "doorstep_of",
    "inbox_in_full",
    "new_inbox_of",
    "own_conversation_of",
]

"""The desk's verbs. Locks in one order: conversation, notes, desk; whoever holds a desk locks no conversation."""

from chat.support.services.agents import add_agent, change_agent, remove_agent
from chat.support.services.beginning import begin
from chat.support.services.blocking import block_contact, unblock_contact
from chat.support.services.inboxes import change_inbox, create_inbox, rotate_secret
from chat.support.services.visits import create_visit, visit

__all__ = [
    "add_agent",
    "begin",
    "block_contact",
    "change_agent",
    "change_inbox",
    "create_inbox",
    "create_visit",
    "remove_agent",
    "rotate_secret",
    "unblock_contact",
    "visit",
]

"""The desk's verbs. Locks in one order: conversation, notes, desk; whoever holds a desk locks no conversation."""

from chat.support.services.beginning import begin
from chat.support.services.inboxes import add_agent, create_inbox
from chat.support.services.visits import create_visit

__all__ = ["add_agent", "begin", "create_inbox", "create_visit"]

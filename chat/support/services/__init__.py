"""The desk's verbs. They lock in one order: conversation, notes, desk. With a desk locked, a verb locks no conversation."""

from chat.support.services.accepting import agencies_of, set_accepting
from chat.support.services.agents import add_agent, change_agent, remove_agent
from chat.support.services.answering import answer
from chat.support.services.beginning import begin
from chat.support.services.blocking import block_contact, unblock_contact
from chat.support.services.canned import delete_canned_answer, keep_canned_answer
from chat.support.services.entering import enter
from chat.support.services.holding import assign, claim, release, take_over
from chat.support.services.inboxes import change_inbox, create_inbox, inboxes_of, rotate_secret
from chat.support.services.noting import note
from chat.support.services.queue import Place, count_queue, queue, ticket_of
from chat.support.services.reopening import reopen, resolve, set_pending, snooze
from chat.support.services.revising import revise
from chat.support.services.standing import READ_SUPPORT, is_in_it, require_reader
from chat.support.services.visits import create_visit, visit

__all__ = [
    "READ_SUPPORT",
    "Place",
    "add_agent",
    "agencies_of",
    "answer",
    "assign",
    "begin",
    "block_contact",
    "change_agent",
    "change_inbox",
    "claim",
    "count_queue",
    "create_inbox",
    "create_visit",
    "delete_canned_answer",
    "enter",
    "inboxes_of",
    "is_in_it",
    "keep_canned_answer",
    "note",
    "queue",
    "release",
    "remove_agent",
    "reopen",
    "require_reader",
    "resolve",
    "revise",
    "rotate_secret",
    "set_accepting",
    "set_pending",
    "snooze",
    "take_over",
    "ticket_of",
    "unblock_contact",
    "visit",
]

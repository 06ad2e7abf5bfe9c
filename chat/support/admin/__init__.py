"""The support desk in the admin: its rows, read-only, and acts that call its verbs."""

from chat.support.admin import facts, inboxes, mailboxes, operation

"""The support desk in the admin: its rows to look at, and acts that go through its verbs."""

from chat.support.admin import facts, inboxes, mailboxes, operation

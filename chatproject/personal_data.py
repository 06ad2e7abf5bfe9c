"""All personal data: the fields that refer to a person, and what happens to each when the person is erased. A test checks that the
table has each such field of the models.

docs/privacy.md shows it. GONE: no row is left that refers to them. KEPT: a row stays, and leads to "Deleted user".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Outcome = Literal["gone", "kept"]
_GONE: Outcome = "gone"
_KEPT: Outcome = "kept"

#: model.field → what becomes of it; what it is, and what stays or why it goes; the entry of their export that has it (empty: none).
ON_ERASURE: Mapping[str, tuple[Outcome, str, str]] = MappingProxyType(
    {
        "admin.LogEntry.user": (_GONE, "Django's own log of the admin, about them and by them", ""),
        "chat.AuditEntry.actor": (_KEPT, "what they did, for the record: their address and their names in it go", "audit.jsonl"),
        "chat.AuditEntry.whom": (_KEPT, "what was done to them, for the record: their names in it go", "audit.jsonl"),
        "chat.Ban.banned_by": (_KEPT, "whom they banned", "audit.jsonl"),
        "chat.Ban.lifted_by": (_KEPT, "whose ban they lifted", "audit.jsonl"),
        "chat.Ban.user": (_KEPT, "that they were banned: the reason goes, the audit log has it", "bans.jsonl"),
        "chat.Block.blocked": (_GONE, "who wanted to hear nothing from them", ""),
        "chat.Block.blocker": (_GONE, "from whom they wanted to hear nothing", "blocks.jsonl"),
        "chat.Channel.created_by": (_KEPT, "channels that they opened are others' too", "opened.jsonl"),
        "chat.Conversation.answered_by": (_KEPT, "whose the last answer to a customer was: the guard asks it", "messages.jsonl"),
        "chat.Conversation.assignee": (_GONE, "what they held at the desk is free again, at its old place", "channels.jsonl"),
        "chat.Conversation.former_assignee": (_KEPT, "to whom a resolved one would have gone back", ""),
        "chat.Conversation.visitor": (_KEPT, "customers' alone: they are erased at the desk", "channels.jsonl"),
        "chat.Erasure.user": (_KEPT, "that they were erased, when, and whether their messages stay", ""),
        "chat.File.uploader": (_KEPT, "files of messages that stay; the sweep takes all others", "files.jsonl"),
        "chat.Invite.created_by": (_GONE, "links that they made let nobody in any more", "invites.jsonl"),
        "chat.Member.user": (_KEPT, "they leave every channel; one of two stays, and forgets what they had read", "channels.jsonl"),
        "chat.Mention.sender": (_KEPT, "whom messages of theirs call that stay", "messages.jsonl"),
        "chat.Mention.user": (_GONE, "others' messages stay, `@name` in them is another word", "mentions.jsonl"),
        "chat.Message.sender": (_KEPT, "by choice: kept as Deleted user, or emptied, each with a number", "messages.jsonl"),
        "chat.PasswordLink.user": (_GONE, "links to a new password", ""),
        "chat.Reaction.user": (_GONE, "reactions, each message with a number", "reactions.jsonl"),
        "chat.Report.closed_by": (_KEPT, "which reports they closed", "audit.jsonl"),
        "chat.Report.reporter": (_KEPT, "what they reported, with the reason that they gave", "reports.jsonl"),
        "chat.Sanction.by": (_KEPT, "whom they muted or removed", "audit.jsonl"),
        "chat.Sanction.user": (_GONE, "mutes and removals: nobody comes back with the account", "sanctions.jsonl"),
        "chat.Saved.user": (_GONE, "what they put aside", "saved.jsonl"),
        "chat.SignInAddress.user": (_GONE, "from where they signed in", "signed_in_from.jsonl"),
        "chat.ThreadFollower.user": (_GONE, "which threads they followed, and how far they read them", "threads.jsonl"),
        "chat.Token.user": (_GONE, "tokens of their programs", "tokens.jsonl"),
        "chat.User_groups.user": (_GONE, "staff roles", "account.json"),
        "chat.User_user_permissions.user": (_GONE, "rights of their own", "account.json"),
        "support.Agent.user": (_GONE, "seats at the desk", "desks.jsonl"),
        "support.Contact.visitor": (_KEPT, "customers' alone: they are erased at the desk", "account.json"),
        "support.Interval.agent": (_KEPT, "figures of reports: how long somebody waited", ""),
        "support.Mail.agent": (_GONE, "mails to them, with their address", ""),
        "support.Rating.agent": (_KEPT, "what customers said of an answer", ""),
        "support.Tally.holder": (_KEPT, "who held a conversation, until it is counted that nobody does", ""),
    }
)  # fmt: skip

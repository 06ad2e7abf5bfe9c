"""What refers to a person, and what becomes of it when they are erased: one table, which a test holds to the models.

docs/privacy.md shows it. GONE: no row is left that refers to them. KEPT: a row stays, and leads to "Deleted user".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Fate = Literal["gone", "kept"]
_GONE: Fate = "gone"
_KEPT: Fate = "kept"

#: model.field → what becomes of it, what it is, and what stays or why it goes.
FATES: Mapping[str, tuple[Fate, str]] = MappingProxyType(
    {
        "admin.LogEntry.user": (_GONE, "Django's own log of the admin, about them and by them"),
        "chat.AuditEntry.actor": (_KEPT, "what they did, for the record: their address and their names in it go"),
        "chat.AuditEntry.whom": (_KEPT, "what was done to them, for the record: their names in it go"),
        "chat.Ban.banned_by": (_KEPT, "whom they banned"),
        "chat.Ban.lifted_by": (_KEPT, "whose ban they lifted"),
        "chat.Ban.user": (_KEPT, "that they were banned: the reason goes, the audit log has it"),
        "chat.Block.blocked": (_GONE, "who wanted to hear nothing from them"),
        "chat.Block.blocker": (_GONE, "from whom they wanted to hear nothing"),
        "chat.Channel.created_by": (_KEPT, "channels that they opened are others' too"),
        "chat.Conversation.answered_by": (_KEPT, "whose the last answer to a customer was: the guard against two answers asks it"),
        "chat.Conversation.assignee": (_GONE, "what they held at the desk is free again, at its old place"),
        "chat.Conversation.former_assignee": (_KEPT, "to whom a resolved one would have gone back"),
        "chat.Conversation.visitor": (_KEPT, "customers' alone: they are erased at the desk"),
        "chat.Erasure.user": (_KEPT, "that they were erased, when, and whether their messages stay"),
        "chat.File.uploader": (_KEPT, "files of messages that stay; the sweep takes all others"),
        "chat.Invite.created_by": (_GONE, "links that they made let nobody in any more"),
        "chat.Member.user": (_KEPT, "they leave every channel; a conversation of two stays, and forgets what they had read"),
        "chat.Mention.sender": (_KEPT, "whom messages of theirs call that stay"),
        "chat.Mention.user": (_GONE, "others' messages stay, `@name` in them is another word"),
        "chat.Message.sender": (_KEPT, "by choice: kept under the name Deleted user, or emptied, each with a number"),
        "chat.PasswordLink.user": (_GONE, "links to a new password"),
        "chat.Reaction.user": (_GONE, "reactions, each message with a number"),
        "chat.Report.closed_by": (_KEPT, "which reports they closed"),
        "chat.Report.reporter": (_KEPT, "what they reported, with the reason that they gave"),
        "chat.Sanction.by": (_KEPT, "whom they muted or removed"),
        "chat.Sanction.user": (_GONE, "mutes and removals: nobody comes back with the account"),
        "chat.Saved.user": (_GONE, "what they put aside"),
        "chat.SignInAddress.user": (_GONE, "from where they signed in"),
        "chat.ThreadFollower.user": (_GONE, "which threads they followed, and how far they read them"),
        "chat.Token.user": (_GONE, "tokens of their programs"),
        "chat.User_groups.user": (_GONE, "staff roles"),
        "chat.User_user_permissions.user": (_GONE, "rights of their own"),
        "support.Agent.user": (_GONE, "seats at the desk"),
        "support.Contact.visitor": (_KEPT, "customers' alone: they are erased at the desk"),
        "support.Interval.agent": (_KEPT, "figures of reports: how long somebody waited"),
        "support.Mail.agent": (_GONE, "mails to them, with their address"),
        "support.Rating.agent": (_KEPT, "what customers said of an answer"),
        "support.Tally.holder": (_KEPT, "who held a conversation, until it is counted that nobody does"),
    }
)  # fmt: skip

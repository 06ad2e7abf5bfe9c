"""What clients get: rows as structs, each defined once.

Rows are of chat.models; code writes `shapes.Message` for the struct and `Message` for the row.
"""

from chat.shapes.audit import AuditEntry, audit_entry_of
from chat.shapes.block import Block, block_of
from chat.shapes.bulk import BulkOutcome, outcome_of
from chat.shapes.change import change_of
from chat.shapes.channel import Channel, Last, channel_of, channel_to_all, channel_to_member
from chat.shapes.figures import Figures
from chat.shapes.invite import Invite, NewInvite, invite_of, new_invite_of
from chat.shapes.me import Me, me_of
from chat.shapes.member import Cursors, Member, cursors_of, member_of, member_to_keeper
from chat.shapes.message import NOBODY, File, Mentions, Message, message_as_said, message_of, spell_message
from chat.shapes.page import ChangesPage, CursorPage, FoundPage, HistoryPage, Page
from chat.shapes.person import person_of, public_person, sender_of
from chat.shapes.presence import People, choice_of, own_presence_of, state_of
from chat.shapes.problem import Problem, problem_of
from chat.shapes.report import (
    Desk,
    MessageWithVersions,
    Report,
    ReportInFull,
    ReportReceipt,
    in_full,
    receipt_of,
    report_of,
    with_versions,
)
from chat.shapes.sanction import Ban, Mute, Removal, ban_of, mute_of, removal_of
from chat.shapes.thread import FollowedRoot, FollowedThread, RepliesPage, ThreadsPage, followed_root
from chat.shapes.token import NewToken, Token, new_token_of, token_of

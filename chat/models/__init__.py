"""The models: users, tokens, channels, members, messages, and records of moderation. The database enforces every rule that it
can; only services write."""

from chat.models.audit import Act, AuditEntry, Door
from chat.models.ban import Ban
from chat.models.block import Block
from chat.models.channel import Channel, ChannelKind
from chat.models.conversation import Conversation, ConversationState
from chat.models.erasure import ErasedName, Erasure
from chat.models.file import File
from chat.models.invite import Invite
from chat.models.machine import Machine
from chat.models.member import Member, NotifyLevel, Role
from chat.models.mention import Mention
from chat.models.message import Message, MessageKind, MessageStatus
from chat.models.minute import Day, Minute
from chat.models.password_link import PasswordLink
from chat.models.reaction import Reaction
from chat.models.report import Report, Verdict
from chat.models.sanction import Sanction, SanctionKind
from chat.models.saved import Saved
from chat.models.settled import SettledUpTo
from chat.models.sign_in import SignInAddress
from chat.models.thread import ThreadFollower
from chat.models.token import VISIT, Scope, Token
from chat.models.user import User, UserKind
from chat.models.version import MessageVersion

"""What is kept: users, tokens, channels, members, messages. The database keeps every rule that it can; writes are in services."""

from chat.models.channel import Channel, ChannelKind
from chat.models.member import Member, NotifyLevel, Role
from chat.models.message import Message, MessageKind, MessageStatus
from chat.models.settled import SettledUpTo
from chat.models.token import Token
from chat.models.user import User

__all__ = [
    "Channel",
    "ChannelKind",
    "Member",
    "Message",
    "MessageKind",
    "MessageStatus",
    "NotifyLevel",
    "Role",
    "SettledUpTo",
    "Token",
    "User",
]

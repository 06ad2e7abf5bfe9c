"""What is sent: rows as the structs that clients see, each spelled once.

Rows are of chat.models; a struct is spoken of as `shapes.Message`, so that one noun has one spelling.
"""

from chat.shapes.change import change_of
from chat.shapes.channel import Channel, ChannelBrief, brief_of, channel_of, channel_to_all, channel_to_member
from chat.shapes.member import Cursors, Member, cursors_of, member_of, member_to_keeper
from chat.shapes.message import Message, message_of, spell_message
from chat.shapes.person import person_of
from chat.shapes.presence import choice_of, own_presence_of, spell_micros, state_of

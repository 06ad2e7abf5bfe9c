"""What is sent: rows as the structs that clients see, each spelled once.

Rows are of chat.models; a struct is spoken of as `shapes.Message`, so that one noun has one spelling.
"""

from chat.shapes.change import change_of
from chat.shapes.message import Message, message_of, spell_message
from chat.shapes.person import person_of
from chat.shapes.presence import choice_of, own_presence_of, spell_micros, state_of

"""From what somebody sent to what is stored: its type by content, pictures drawn anew without what cameras write into them."""

from chat.files.developing.developing import Developed, develop, scratch

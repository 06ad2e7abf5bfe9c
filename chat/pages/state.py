"""What the page's script begins with: the same shapes that the socket and HTTP say, in the page itself."""

import json
from collections.abc import Sequence

import msgspec
from django.utils.html import json_script
from django.utils.safestring import SafeString

from chat import shapes
from delivery.wire.frames import Person
from delivery.wire.types import Time


class PageState(msgspec.Struct, frozen=True, kw_only=True):
    me: Person
    epoch: str
    channels: Sequence[shapes.Channel]
    channel: int | None
    unread_first: bool
    desk: shapes.Desk | None
    blocks: Sequence[int]
    #: In how many followed threads something is unread.
    threads_unread: int
    #: Whose faces stand under the roots among the messages.
    repliers: Sequence[Person]
    messages: Sequence[shapes.Message]
    #: Where older and newer messages than these begin; None: there are none.
    history_before: int | None
    history_after: int | None
    #: The message that the address names; of a reply that is only in its thread the root.
    pointed: int | None
    #: Then the root's id too.
    thread: int | None
    time: Time


class _Encoder(json.JSONEncoder):
    def encode(self, o: msgspec.Struct) -> str:
        return msgspec.json.encode(o).decode()


def state_script(state: msgspec.Struct, name: str = "gapless-state") -> SafeString:
    """What a page begins with, as Django's json_script writes it, so that nothing in it ends the element."""
    return json_script(state, name, encoder=_Encoder)

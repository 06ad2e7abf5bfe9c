"""The data in the page with which its script begins, in the same shapes as over the socket and HTTP."""

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
    #: How many followed threads have unread replies.
    threads_unread: int
    #: The users whose faces are shown under roots among the messages.
    repliers: Sequence[Person]
    messages: Sequence[shapes.Message]
    #: The seqs at which older and newer messages begin; None: there are none.
    history_before: int | None
    history_after: int | None
    #: The message that the page's address names; for a reply that is only in its thread, the root.
    pointed: int | None
    #: In the case of such a reply, the root's id.
    thread: int | None
    time: Time


class _Encoder(json.JSONEncoder):
    def encode(self, o: msgspec.Struct) -> str:
        return msgspec.json.encode(o).decode()


def state_script(state: msgspec.Struct, name: str = "gapless-state") -> SafeString:
    """The data as a script element, escaped like Django's json_script, so that no text in it can end the element."""
    return json_script(state, name, encoder=_Encoder)

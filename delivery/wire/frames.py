"""The frames that the server sends: answers and pushes, one frozen struct an op. Its docstring is its documentation.

These names are fixed; ops and fields may be added, none may change its meaning. This module does not know what a channel is.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from delivery.wire.types import Ref, Time


class Person(msgspec.Struct, frozen=True):
    id: int
    username: str
    display_name: str


#: A message as the bytes that every member gets; the product defines its fields.
SpelledMessage = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Message"})]


class PersonState(msgspec.Struct, frozen=True):
    """`status`: online, away, busy, offline or unknown. `last_seen`: null while the person is here, and when it isn't known."""

    status: str
    activity: str = ""
    last_seen: Time | None = None


class OwnPresence(msgspec.Struct, frozen=True, kw_only=True):
    """A person's own choices: kept, the same on all devices, shown to nobody else in this form."""

    status: str
    activity: str
    shows_typing: bool


class BareChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel with no more than its id. The product extends it for the channels that the user has access to."""

    id: int
    refused: (
        Annotated[str, msgspec.Meta(description="Why this socket does not hear of the channel: a code.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="op"):
    pass


class Hello(Frame, frozen=True, kw_only=True, tag="hello"):
    """The first frame: your user, your limits, and your channels with their heads. `time`: the server's clock now."""

    version: int
    connection: str
    epoch: str
    user: Person
    heartbeat_seconds: int
    time: Time
    limits: dict[str, int]
    channels: Sequence[BareChannel]
    presence: OwnPresence | msgspec.UnsetType = msgspec.UNSET
    blocks: list[int] | msgspec.UnsetType = msgspec.UNSET


class SyncState(msgspec.Struct, frozen=True, omit_defaults=True):
    """A channel's head after a sync; `resync`: you missed more than the server replays, load the channel again from history."""

    head: int
    resync: bool = False


class Ok(Frame, frozen=True, kw_only=True, tag="ok"):
    """The one reply to a command that succeeded."""

    ref: Ref | msgspec.UnsetType = msgspec.UNSET
    channels: dict[int, SyncState] | msgspec.UnsetType = msgspec.UNSET
    message: SpelledMessage | msgspec.UnsetType = msgspec.UNSET
    duplicate: bool | msgspec.UnsetType = msgspec.UNSET


class Error(Frame, frozen=True, kw_only=True, tag="error"):
    """The one reply to a command that was refused. Without `ref`: a frame without a ref was refused."""

    ref: Ref | msgspec.UnsetType = msgspec.UNSET
    code: str
    detail: str
    retry_after: float | msgspec.UnsetType = msgspec.UNSET
    channel: int | msgspec.UnsetType = msgspec.UNSET
    reference: str | msgspec.UnsetType = msgspec.UNSET
    missed: (
        Annotated[Sequence[SpelledMessage], msgspec.Meta(description="With `overtaken`: the messages since.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class Pong(Frame, frozen=True, kw_only=True, tag="pong"):
    """The answer to `ping`: a head that you don't hold is a gap. `time`: the server's clock now, in case yours is wrong."""

    ref: Ref | msgspec.UnsetType = msgspec.UNSET
    epoch: str
    time: Time
    heads: dict[int, int]


class Changes(Frame, frozen=True, kw_only=True, tag="changes"):
    """Changes ordered by number. If `after` is not the head that you hold, you have a gap: send `sync`."""

    channel: int
    after: int
    head: int
    changes: Sequence[SpelledMessage]


#: {user: [delivered_seq, read_seq]} as JSON.
SpelledCursors = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "type": "object",
            "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}},
        }
    ),
]


class Receipts(Frame, frozen=True, kw_only=True, tag="receipts"):
    """The numbers that all other active members have passed, and cursors that moved: {user: [delivered_seq, read_seq]}.

    Both concern messages after `since`: before it no other member was there. When your own cursor moved, your sockets also get
    the server's counts `unread` and `mentioned` up to the channel's number `head`.
    """

    channel: int
    delivered: int
    read: int
    since: int
    members: SpelledCursors
    head: int | msgspec.UnsetType = msgspec.UNSET
    unread: int | msgspec.UnsetType = msgspec.UNSET
    mentioned: int | msgspec.UnsetType = msgspec.UNSET


class Presence(Frame, frozen=True, kw_only=True, tag="presence"):
    """Users whose presence changed. With `channel` (at a sync): all who are here.

    Users whom a push with `channel` does not name are offline, or unknown if `known` is false.

    `own`: your own choices, which nobody else gets.
    """

    users: dict[int, PersonState]
    channel: int | msgspec.UnsetType = msgspec.UNSET
    known: bool = True
    own: OwnPresence | msgspec.UnsetType = msgspec.UNSET


class Renamed(Frame, frozen=True, kw_only=True, tag="person"):
    """A user who shares a channel with you, or you yourself, has a new name."""

    person: Person


class Typing(Frame, frozen=True, kw_only=True, tag="typing"):
    """All users who type in the channel now. Each push replaces the one before; after 6 s without a push nobody types.

    `thread`: the push is only about the thread with this root. `uploading`: those of the users who send files.
    """

    channel: int
    users: Sequence[int]
    thread: int | None = None
    uploading: Sequence[int] = ()


class Viewing(Frame, frozen=True, kw_only=True, tag="viewing"):
    """All agents who look at the support conversation now. All agents of its inbox get this push, and nobody else.

    Each push replaces the one before; after 6 s without a push nobody looks.
    """

    channel: int
    users: Sequence[int]


class Channel(Frame, frozen=True, kw_only=True, tag="channel"):
    """A change of your membership. After `joined`, changes follow from the channel's `head` on."""

    action: str
    channel: BareChannel


class Blocks(Frame, frozen=True, kw_only=True, tag="blocks"):
    """All users whom you have blocked, when the list has changed: collapse their messages."""

    users: Sequence[int]


class Thread(Frame, frozen=True, kw_only=True, tag="thread"):
    """Your state in a thread, after you have read, followed or unfollowed it; only your own sockets get it.

    `thread`: the root's id. `read_seq`: the place of the newest reply that you have read. This push may be lost: `threads/` has the
    same state.
    """

    channel: int
    thread: int
    following: bool
    read_seq: int
    unread: int


class Heartbeat(Frame, frozen=True, kw_only=True, tag="heartbeat"):
    """Every 30 seconds: a head that you don't hold is a gap."""

    epoch: str
    heads: dict[int, int]


class Goodbye(Frame, frozen=True, kw_only=True, tag="goodbye"):
    """The last frame before the server closes the socket."""

    code: int
    reason: str
    retry_after: float | None


#: In the order of the contract.
FRAMES: tuple[type[Frame], ...] = tuple(Frame.__subclasses__())

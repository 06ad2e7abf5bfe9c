"""The frames: what the server sends, answers and pushes, one frozen struct an op. Its docstring is its documentation.

What is named here is fixed; ops and fields may be added, none may change its meaning. Refuses to know what a channel is.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from delivery.wire.types import Ref, Time


class Person(msgspec.Struct, frozen=True):
    id: int
    username: str
    display_name: str


#: A message that is spelled already, as the bytes that everyone gets; what is in it is the product's.
SpelledMessage = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Message"})]


class PersonState(msgspec.Struct, frozen=True):
    """`status`: online, away, busy, offline or unknown. `last_seen`: null while the person is here, and when it isn't known."""

    status: str
    activity: str = ""
    last_seen: Time | None = None


class OwnPresence(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has chosen: kept, the same on all devices, shown to nobody else as it stands here."""

    status: str
    activity: str
    shows_typing: bool


class BareChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of which no more than the id is said. The product describes those that there is access to, and adds to it."""

    id: int
    refused: (
        Annotated[str, msgspec.Meta(description="Why this socket does not hear of the channel: a code.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="op"):
    pass


class Hello(Frame, frozen=True, kw_only=True, tag="hello"):
    """The first frame: who you are, what bounds you, and where your channels stand. `time`: the server's clock now."""

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
    """Where a channel stands after a sync; `resync`: more was missed than is replayed, load it afresh from history."""

    head: int
    resync: bool = False


class Ok(Frame, frozen=True, kw_only=True, tag="ok"):
    """The one reply to a command that was done."""

    ref: Ref | msgspec.UnsetType = msgspec.UNSET
    channels: dict[int, SyncState] | msgspec.UnsetType = msgspec.UNSET
    message: SpelledMessage | msgspec.UnsetType = msgspec.UNSET
    duplicate: bool | msgspec.UnsetType = msgspec.UNSET


class Error(Frame, frozen=True, kw_only=True, tag="error"):
    """The one reply to a command that was refused, or a word about a frame without a ref."""

    ref: Ref | msgspec.UnsetType = msgspec.UNSET
    code: str
    detail: str
    retry_after: float | msgspec.UnsetType = msgspec.UNSET
    channel: int | msgspec.UnsetType = msgspec.UNSET
    reference: str | msgspec.UnsetType = msgspec.UNSET
    missed: (
        Annotated[Sequence[SpelledMessage], msgspec.Meta(description="With `overtaken`: what was said since.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class Pong(Frame, frozen=True, kw_only=True, tag="pong"):
    """The answer to `ping`: a head that you don't hold is a gap. `time`: the server's clock now, so that yours may be wrong."""

    ref: Ref | msgspec.UnsetType = msgspec.UNSET
    epoch: str
    time: Time
    heads: dict[int, int]


class Changes(Frame, frozen=True, kw_only=True, tag="changes"):
    """Changes in the order of their numbers. `after` is not the head you hold: you have a gap, send `sync`."""

    channel: int
    after: int
    head: int
    changes: Sequence[SpelledMessage]


#: {user: [delivered_seq, read_seq]}, spelled already.
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
    """The numbers that every active other member has passed, and the cursors of those who moved: {user: [delivered_seq, read_seq]}.

    They speak of what came after `since`: nobody else was there before. To one's own sockets, when one's own cursor moved,
    also what the server counts as unread up to the channel's number `head`.
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
    """Those who changed. With `channel` (at a sync): all who are here; who isn't named is offline, or unknown if `known` is false.

    `own`: what you have chosen, told to nobody else.
    """

    users: dict[int, PersonState]
    channel: int | msgspec.UnsetType = msgspec.UNSET
    known: bool = True
    own: OwnPresence | msgspec.UnsetType = msgspec.UNSET


class Renamed(Frame, frozen=True, kw_only=True, tag="person"):
    """Somebody with whom you share a channel, or you, is called something else from now on."""

    person: Person


class Typing(Frame, frozen=True, kw_only=True, tag="typing"):
    """Everyone typing in the channel now. Each push replaces the one before; none within 6 s: nobody types any more.

    `thread`: those of the thread with this root, and of nothing else. `uploading`: who of them sends files.
    """

    channel: int
    users: Sequence[int]
    thread: int | None = None
    uploading: Sequence[int] = ()


class Viewing(Frame, frozen=True, kw_only=True, tag="viewing"):
    """Every agent who looks at the support conversation now: told to its inbox's agents, in it or not, and to nobody else.

    Each push replaces the one before; none within 6 s: nobody looks any more.
    """

    channel: int
    users: Sequence[int]


class Channel(Frame, frozen=True, kw_only=True, tag="channel"):
    """What happened to your membership. After `joined`, changes follow from the channel's `head`."""

    action: str
    channel: BareChannel


class Blocks(Frame, frozen=True, kw_only=True, tag="blocks"):
    """Everybody whom you have blocked, when that has changed: fold what they write."""

    users: Sequence[int]


class Thread(Frame, frozen=True, kw_only=True, tag="thread"):
    """How you have a thread, when you have read it or changed whether you follow it: told to your own sockets.

    `thread`: the root's id. `read_seq`: the place of the newest reply that you have read. Of the moment: `threads/` says the same.
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
    """Just before the server closes."""

    code: int
    reason: str
    retry_after: float | None


#: In the order of the contract.
FRAMES: tuple[type[Frame], ...] = tuple(Frame.__subclasses__())

"""The wire contract, version 1: one frozen struct a frame, and the only place that spells a frame's name.

What is named here is fixed; frames and fields may be added, none may change its meaning. Refuses to know what a channel is.
"""

import datetime
import enum
import json
from collections.abc import Sequence
from typing import Annotated, Literal, overload

import msgspec

from delivery.wire import ids
from delivery.wire.errors import REFUSALS, Invalid, Refused, UnknownOp

VERSION = 1
SUBPROTOCOL = "gapless.v1"

Id = Annotated[int, msgspec.Meta(ge=0, le=ids.MOST)]
Number = Annotated[int, msgspec.Meta(ge=0, le=ids.MOST)]
Ref = Annotated[int, msgspec.Meta(ge=-ids.MOST - 1, le=ids.MOST)] | str
#: Read by ids.read_uuid: msgspec's own UUID would be taken without dashes too.
Uuid = Annotated[
    str,
    msgspec.Meta(
        min_length=ids.UUID_LENGTH,
        max_length=ids.UUID_LENGTH,
        extra_json_schema={"format": "uuid", "pattern": ids.UUID_PATTERN},
    ),
]


class CloseCode(enum.IntEnum):
    """4000 to 4499: come back; 4500 to 4999: do not."""

    RESTARTING = 4000
    SLOW_READER = 4001
    SILENT = 4002
    INTERNAL = 4003
    NO_SYNC = 4004
    SIGNED_OUT = 4500
    BANNED = 4501
    PROTOCOL = 4502
    TOO_MANY_SOCKETS = 4503
    #: RFC 6455: a frame of the client is larger than the server takes.
    TOO_BIG = 1009


# ---- Commands: what a client sends ---------------------------------------------------------------------------------


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="op"):
    ref: Ref | None = None


class Sync(Command, frozen=True, kw_only=True, tag="sync"):
    """The head held for each channel; 0 or left out: from now on. May be repeated for any subset.

    `epoch`: the one in which these numbers were heard; another one than the server's is `resync` for all. `more`: what does not fit
    into this frame comes in further ones; what is left out begins with the last.
    """

    channels: dict[Id, Number] = {}
    epoch: str | msgspec.UnsetType = msgspec.UNSET
    more: bool = False


class Post(Command, frozen=True, kw_only=True, tag="message.post"):
    """A new message. Repeating it with the same client_msg_id is safe: `ok` comes after COMMIT, once or again."""

    channel: Id
    client_msg_id: Uuid
    body: str
    reply_to: Id | None = None


class Edit(Command, frozen=True, kw_only=True, tag="message.edit"):
    """Another body for an own message."""

    channel: Id
    message: Id
    body: str


class Delete(Command, frozen=True, kw_only=True, tag="message.delete"):
    """Empties a message; its place stays. The staff from outside the channel give a reason."""

    channel: Id
    message: Id
    reason: str = ""


class Delivered(Command, frozen=True, kw_only=True, tag="delivered"):
    """Everything up to `seq` has arrived. Cumulative, forward only."""

    channel: Id
    seq: Number


class Read(Command, frozen=True, kw_only=True, tag="read"):
    """Everything up to `seq` was seen by the person. Cumulative, forward only."""

    channel: Id
    seq: Number


class SayTyping(Command, frozen=True, kw_only=True, tag="typing"):
    """The person began, goes on (say it every 3 s) or stopped typing in a channel. A message ends it by itself."""

    channel: Id
    on: bool


class SayPresence(Command, frozen=True, kw_only=True, tag="presence"):
    """`status` and `activity` (80 characters): the person's choice, on all devices. `idle`: no input at this device for 5 min."""

    status: Literal["online", "away", "busy", "invisible"] | msgspec.UnsetType = msgspec.UNSET
    activity: str | msgspec.UnsetType = msgspec.UNSET
    idle: bool | msgspec.UnsetType = msgspec.UNSET


class Ping(Command, frozen=True, kw_only=True, tag="ping"):
    """Answered with `pong` and the heads, also without a ref."""


AnyCommand = Sync | Post | Edit | Delete | Delivered | Read | SayTyping | SayPresence | Ping
COMMANDS: tuple[type[Command], ...] = (Sync, Post, Edit, Delete, Delivered, Read, SayTyping, SayPresence, Ping)
_decoder = msgspec.json.Decoder(AnyCommand)
_OPS = {str(command.__struct_config__.tag) for command in COMMANDS}


class BadFrame(Exception):
    """A frame that is no command: carries its `ref` where it could be read, and the refusal."""

    def __init__(self, refusal: Refused, ref: Ref | None) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
        self.ref = ref


def decode_command(text: str) -> AnyCommand:
    """The command in one text frame. Raises BadFrame for whatever is not exactly one."""
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        op, ref = _op_and_ref(text)
        if isinstance(op, str) and op not in _OPS:
            raise BadFrame(UnknownOp(f"There is no op {op[:40]!r}."), ref) from None
        raise BadFrame(Invalid(f"The frame can't be understood: {error}."), ref) from None


def _op_and_ref(text: str) -> tuple[object, Ref | None]:
    # The lenient parser of the standard library finds the ref of frames that the strict one refuses.
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(frame, dict):
        return None, None
    ref = frame.get("ref")
    is_ref = isinstance(ref, str) or (isinstance(ref, int) and not isinstance(ref, bool) and abs(ref) < 2**63)
    if not is_ref or (isinstance(ref, str) and not _is_unicode(ref)):
        ref = None
    return frame.get("op"), ref


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# ---- Answers and pushes: what the server sends ---------------------------------------------------------------------


#: RFC 3339 in UTC, as spell_time writes it.
Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


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


class Blocks(Frame, frozen=True, kw_only=True, tag="blocks"):
    """Everybody whom you have blocked, when that has changed: fold what they write."""

    users: Sequence[int]


class Renamed(Frame, frozen=True, kw_only=True, tag="person"):
    """Somebody with whom you share a channel, or you, is called something else from now on."""

    person: Person


class Typing(Frame, frozen=True, kw_only=True, tag="typing"):
    """Everyone typing in the channel now. Each push replaces the one before; none within 6 s: nobody types any more."""

    channel: int
    users: Sequence[int]


class Channel(Frame, frozen=True, kw_only=True, tag="channel"):
    """What happened to your membership. After `joined`, changes follow from the channel's `head`."""

    action: str
    channel: BareChannel


class Heartbeat(Frame, frozen=True, kw_only=True, tag="heartbeat"):
    """Every 30 seconds: a head that you don't hold is a gap."""

    epoch: str
    heads: dict[int, int]


class Goodbye(Frame, frozen=True, kw_only=True, tag="goodbye"):
    """Just before the server closes."""

    code: int
    reason: str
    retry_after: float | None


FRAMES: tuple[type[Frame], ...] = (
    *(Hello, Ok, Error, Pong, Changes, Receipts, Presence, Renamed, Typing, Channel, Blocks, Heartbeat, Goodbye),
)
ERROR_CODES = tuple(refusal.code for refusal in REFUSALS)
_encoder = msgspec.json.Encoder()


def encode(sent: msgspec.Struct) -> bytes:
    return _encoder.encode(sent)


def given(ref: Ref | None) -> Ref | msgspec.UnsetType:
    """A command's ref as its reply repeats it: left out when there was none."""
    return msgspec.UNSET if ref is None else ref


def encode_refusal(refusal: Refused, *, ref: Ref | None, channel: int | None = None) -> bytes:
    return encode(
        Error(
            ref=given(ref),
            code=refusal.code,
            detail=refusal.detail,
            retry_after=msgspec.UNSET if refusal.retry_after is None else round(refusal.retry_after, 3),
            channel=msgspec.UNSET if channel is None else channel,
            reference=getattr(refusal, "reference", msgspec.UNSET),
        )
    )


@overload
def spell_time(moment: datetime.datetime) -> Time: ...


@overload
def spell_time(moment: datetime.datetime | None) -> Time | None: ...


def spell_time(moment: datetime.datetime | None) -> Time | None:
    """RFC 3339 in UTC, always with microseconds."""
    if moment is None:
        return None
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_now() -> Time:
    """What the server's clock shows, for clients whose own may be wrong."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

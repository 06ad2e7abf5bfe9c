"""The commands: what a client sends, one frozen struct an op. Its docstring is its documentation.

What is named here is fixed; ops and fields may be added, none may change its meaning.
"""

from typing import Literal, get_args

import msgspec

from delivery.wire.types import Id, Number, Ref, Uuid


class Command(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="op"
):
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
    """A new message. Repeating it with the same client_msg_id is safe: `ok` comes after COMMIT, once or again.

    `body`: Markdown, kept and sent as it was typed.
    `seen_seq`: of the staff in a conversation with the support, the newest number that they have seen; left out, their read
    cursor. If somebody else of the staff has answered since, the message is refused with `overtaken`.
    `files`: ids of own files that no message has yet, at most 10, in their order; with them the body may be empty.
    `thread`: the root's id, of a reply in a thread, which is not in the channel unless `also_in_channel`; it takes two numbers,
    its own and then its root's.
    """

    channel: Id
    client_msg_id: Uuid
    body: str
    reply_to: Id | None = None
    thread: Id | None = None
    also_in_channel: bool = False
    seen_seq: Number | None = None
    files: list[Id] = []


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


class AddReaction(Command, frozen=True, kw_only=True, tag="reaction.add"):
    """One Unicode emoji, kept in its full spelling. Repeating changes nothing."""

    channel: Id
    message: Id
    emoji: str


class RemoveReaction(Command, frozen=True, kw_only=True, tag="reaction.remove"):
    """Takes one's own reaction back. Repeating changes nothing."""

    channel: Id
    message: Id
    emoji: str


class AddPin(Command, frozen=True, kw_only=True, tag="pin.add"):
    """Pins a message in its channel. Repeating changes nothing."""

    channel: Id
    message: Id


class RemovePin(Command, frozen=True, kw_only=True, tag="pin.remove"):
    """Takes a message's pin away, whoever set it. Repeating changes nothing."""

    channel: Id
    message: Id


class Delivered(Command, frozen=True, kw_only=True, tag="delivered"):
    """Everything up to `seq` has arrived. Cumulative, forward only."""

    channel: Id
    seq: Number


class Read(Command, frozen=True, kw_only=True, tag="read"):
    """Everything up to `seq` was seen by the person. Cumulative, forward only."""

    channel: Id
    seq: Number


class SayTyping(Command, frozen=True, kw_only=True, tag="typing"):
    """The person began, goes on (say it every 3 s) or stopped typing in a channel. A message ends it by itself.

    `thread`: the root of the thread that they type in. `uploading`: what they are at is a file on its way.
    """

    channel: Id
    on: bool
    thread: Id | None = None
    uploading: bool = False


class SayViewing(Command, frozen=True, kw_only=True, tag="viewing"):
    """An agent looks at a support conversation (say it every 3 s while it has the focus), or looks away.

    Only the inbox's agents hear of it. Who holds the conversation works by it, and holds on to it.
    """

    channel: Id
    on: bool


class SayPresence(Command, frozen=True, kw_only=True, tag="presence"):
    """`status` and `activity` (80 characters): the person's choice, on all devices. `idle`: no input at this device for 5 min."""

    status: Literal["online", "away", "busy", "invisible"] | msgspec.UnsetType = msgspec.UNSET
    activity: str | msgspec.UnsetType = msgspec.UNSET
    idle: bool | msgspec.UnsetType = msgspec.UNSET


class Ping(Command, frozen=True, kw_only=True, tag="ping"):
    """Answered with `pong` and the heads, also without a ref."""


AnyCommand = (
    Sync
    | Post
    | Edit
    | Delete
    | AddReaction
    | RemoveReaction
    | AddPin
    | RemovePin
    | Delivered
    | Read
    | SayTyping
    | SayViewing
    | SayPresence
    | Ping
)
#: In the order of the contract.
COMMANDS: tuple[type[Command], ...] = get_args(AnyCommand)

EXAMPLE_EPOCH = "9f1c0a7be2d34c5a8810"
#: One of each.
EXAMPLES: tuple[AnyCommand, ...] = (
    Sync(ref=1, channels={12: 340}, epoch=EXAMPLE_EPOCH),
    Post(ref=2, channel=12, client_msg_id="0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10", body="The build is green."),
    Edit(ref=3, channel=12, message=501, body="The build is red."),
    Delete(ref=4, channel=12, message=501),
    AddReaction(ref=5, channel=12, message=501, emoji="👍"),
    RemoveReaction(ref=6, channel=12, message=501, emoji="👍"),
    AddPin(ref=7, channel=12, message=501),
    RemovePin(ref=8, channel=12, message=501),
    Delivered(channel=12, seq=341),
    Read(channel=12, seq=341),
    SayTyping(channel=12, on=True),
    SayViewing(channel=31, on=True),
    SayPresence(status="away", activity="at lunch"),
    Ping(ref="p1"),
)

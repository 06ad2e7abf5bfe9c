"""The commands that a client sends, one frozen struct an op. Its docstring is its documentation.

These names are fixed; ops and fields may be added, none may change its meaning.
"""

from typing import Literal, get_args

import msgspec

from delivery.wire.types import Id, Number, Ref, Uuid


class Command(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="op"
):
    ref: Ref | None = None


class Sync(Command, frozen=True, kw_only=True, tag="sync"):
    """Sends the head that you hold for each channel; 0 or left out: from now on. You may repeat it for any channels.

    `epoch`: the epoch of these numbers; if it is not the server's, all channels get `resync`. `more`: further `sync` frames follow
    with more channels; channels that no frame names begin when the last frame comes.
    """

    channels: dict[Id, Number] = {}
    epoch: str | msgspec.UnsetType = msgspec.UNSET
    more: bool = False


class Post(Command, frozen=True, kw_only=True, tag="message.post"):
    """Posts a message. Repeating it with the same client_msg_id is safe: `ok` comes after COMMIT, for each repeat too.

    `body`: Markdown, kept and sent as typed.
    `seen_seq`: for agents in a support conversation, the newest number that the agent has seen (default: their read cursor). If
    another agent has answered since, the message is refused with `overtaken`.
    `files`: ids of your files that no message has yet, at most 10, in order; with files the body may be empty.
    `thread`: the root's id, for a reply in a thread. The channel shows the reply only with `also_in_channel`. A reply takes two
    numbers: one for itself, then one for its root.
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
    """Edits a message of your own."""

    channel: Id
    message: Id
    body: str


class Delete(Command, frozen=True, kw_only=True, tag="message.delete"):
    """Empties a message, which keeps its place. Staff who are not members give a reason."""

    channel: Id
    message: Id
    reason: str = ""


class AddReaction(Command, frozen=True, kw_only=True, tag="reaction.add"):
    """Adds a reaction: one Unicode emoji, kept in its full spelling. Repeating changes nothing."""

    channel: Id
    message: Id
    emoji: str


class RemoveReaction(Command, frozen=True, kw_only=True, tag="reaction.remove"):
    """Removes your own reaction. Repeating changes nothing."""

    channel: Id
    message: Id
    emoji: str


class AddPin(Command, frozen=True, kw_only=True, tag="pin.add"):
    """Pins a message in its channel. Repeating changes nothing."""

    channel: Id
    message: Id


class RemovePin(Command, frozen=True, kw_only=True, tag="pin.remove"):
    """Unpins a message, also one that another member pinned. Repeating changes nothing."""

    channel: Id
    message: Id


class Delivered(Command, frozen=True, kw_only=True, tag="delivered"):
    """Says that all messages up to `seq` have arrived. Cumulative, forward only."""

    channel: Id
    seq: Number


class Read(Command, frozen=True, kw_only=True, tag="read"):
    """Says that the user has seen all messages up to `seq`. Cumulative, forward only."""

    channel: Id
    seq: Number


class SayTyping(Command, frozen=True, kw_only=True, tag="typing"):
    """Says that the user types in a channel (repeat it every 3 s), or has stopped. A message of theirs ends it by itself.

    `thread`: the root of the thread in which they type. `uploading`: they are sending a file.
    """

    channel: Id
    on: bool
    thread: Id | None = None
    uploading: bool = False


class SayViewing(Command, frozen=True, kw_only=True, tag="viewing"):
    """Says that an agent looks at a support conversation (repeat it every 3 s while it has the focus), or has stopped.

    Only the inbox's agents hear of it. For the agent who holds the conversation it counts as work, which renews the lease.
    """

    channel: Id
    on: bool


class SayPresence(Command, frozen=True, kw_only=True, tag="presence"):
    """Sets `status` and `activity` (80 characters) for all devices, or says `idle`: this device had no input for 5 min."""

    status: Literal["online", "away", "busy", "invisible"] | msgspec.UnsetType = msgspec.UNSET
    activity: str | msgspec.UnsetType = msgspec.UNSET
    idle: bool | msgspec.UnsetType = msgspec.UNSET


class Ping(Command, frozen=True, kw_only=True, tag="ping"):
    """Asks for the heads: the server answers with `pong`, also without a ref."""


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
#: One example of each command.
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

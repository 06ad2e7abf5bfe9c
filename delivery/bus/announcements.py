"""Announcements between web processes through the channel layer. Any of them may be lost: PostgreSQL has the same data."""

from collections.abc import Sequence
from typing import Any

import msgspec


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One numbered change of a channel, as the bytes that every receiver gets."""

    rev: int
    #: What was changed, unique in its channel: a later change of the same key makes this one superfluous.
    key: int
    raw: bytes
    #: The user whose access to the channel ends with this change.
    ends: int | None = None
    #: The user whose access to the channel begins with this change.
    begins: int | None = None
    #: The user whose message this is, when it is a new one: what they were typing has been said.
    said_by: int | None = None


class Changed(msgspec.Struct, frozen=True, array_like=True, tag="changed"):
    """The changes after `after`, complete up to `head`."""

    channel_id: int
    after: int
    head: int
    changes: Sequence[Change]


class Opened(msgspec.Struct, frozen=True, array_like=True, tag="opened"):
    """The user has access to one more channel, or the channel's description for this user has changed."""

    user_id: int
    channel_id: int
    action: str


class Passing(msgspec.Struct, frozen=True, array_like=True, tag="passing"):
    """A frame of the moment for all sockets that follow the channel: if it is lost, nobody misses it."""

    channel_id: int
    #: The channel's head when it was sent: a user whose access ended by then must not get it.
    head: int
    raw: bytes
    #: Up to this number rows have changed or gone without a number: receivers forget what they keep of these changes. If that is
    #: lost, the position check finds the floor of removed rows, and changed ones are forgotten after channel.RECENT_SECONDS.
    outdated: int = 0


class Low(msgspec.Struct, frozen=True, array_like=True):
    """The lowest of the members' cursors, the member who has it, and the lowest cursor of the others: 0 if there are no others."""

    user_id: int = 0
    first: int = 0
    second: int = 0

    def among_others_than(self, user_id: int) -> int:
        return self.second if user_id == self.user_id else self.first


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A user's cursors, and the unread counts beyond them, up to the channel's head at that time."""

    user_id: int
    delivered: int
    read: int
    version: int
    unread: int
    mentioned: int


class Moved(msgspec.Struct, frozen=True, array_like=True, tag="moved"):
    """Cursors of a channel moved, or the members whose cursors count changed. It may be lost: the versions show it."""

    channel_id: int
    head: int
    delivered: Low
    read: Low
    #: The numbers at which the memberships of the counted members began.
    since: Low
    cursors: Sequence[Cursor]


class SignedOut(msgspec.Struct, frozen=True, array_like=True, tag="signed_out"):
    """Logins of this user have ended: check the login of each of the user's sockets again."""

    user_id: int


class Surplus(msgspec.Struct, frozen=True, array_like=True, tag="surplus"):
    """The user has too many sockets, and this one must be closed."""

    user_id: int
    process: str
    socket: str


class Probed(msgspec.Struct, frozen=True, array_like=True, tag="probed"):
    """A socket of this user found no seat: check whether the user's other sockets still live."""

    user_id: int
    socket: str


class EpochBegan(msgspec.Struct, frozen=True, array_like=True, tag="epoch_began"):
    """A process says that the database was rewound; receivers check this in the database."""

    epoch: str


class Renewed(msgspec.Struct, frozen=True, array_like=True, tag="renewed"):
    """Data of this user that has no number has changed: the product reads it again."""

    user_id: int


class About(msgspec.Struct, frozen=True, array_like=True, tag="about"):
    """The product's message about this user to the processes with their sockets. Delivery does not read it."""

    user_id: int
    raw: bytes


class Spread(msgspec.Struct, frozen=True, array_like=True, tag="spread"):
    """A frame of the moment for this user and all followers of these channels. Each socket gets it once."""

    user_id: int
    channel_ids: Sequence[int]
    raw: bytes


#: The one type on the channel layer: an unknown type would kill a consumer that listens (channels' dispatch raises).
EVENT_TYPE = "gapless.announce"
Announcement = Changed | Opened | Passing | Moved | SignedOut | Renewed | About | Surplus | Probed | EpochBegan | Spread
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Announcement)


def pack(announcement: Announcement) -> bytes:
    return _encoder.encode(announcement)


def event_of(announcement: Announcement, *, process: str = "", announced_at: float | None = None) -> dict[str, Any]:
    """The event for the channel layer. `process`: the sender's id, for its own echoes. `announced_at`: Unix time, seconds."""
    event = {**event_beginning(process), "packed": pack(announcement)}
    return event if announced_at is None else {**event, "at": announced_at}


def event_beginning(process: str) -> dict[str, str]:
    """The first fields of each event of this process."""
    return {"type": EVENT_TYPE, "process": process}


def unpack(packed: bytes) -> Announcement:
    return _decoder.decode(packed)


def group_of(announcement: Announcement) -> str:
    match announcement:
        case Changed(channel_id=channel_id) | Passing(channel_id=channel_id) | Moved(channel_id=channel_id):
            return channel_group(channel_id)
        case _:
            # Announcements about one person are rare: to receive all costs less than a subscription for each new socket.
            return EVERYBODY


#: The group of all processes.
EVERYBODY = "everybody"


def channel_group(channel_id: int) -> str:
    return f"channel.{channel_id}"

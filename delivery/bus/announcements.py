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
    """This user has access to one channel more, or what describes the channel to the user has changed."""

    user_id: int
    channel_id: int
    action: str


class Passing(msgspec.Struct, frozen=True, array_like=True, tag="passing"):
    """A frame for all who have the channel, which is of the moment: nobody misses it when it is lost."""

    channel_id: int
    #: The channel's number when it was said: who has lost the channel by then must not hear it.
    head: int
    raw: bytes


class Low(msgspec.Struct, frozen=True, array_like=True):
    """The lowest of the members' numbers and whose it is, and the lowest of all others': 0 where there are no others."""

    user_id: int = 0
    first: int = 0
    second: int = 0

    def among_others_than(self, user_id: int) -> int:
        return self.second if user_id == self.user_id else self.first


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a user stands now, and what the server counts beyond that, up to the channel's number as it was then."""

    user_id: int
    delivered: int
    read: int
    version: int
    unread: int
    mentioned: int


class Moved(msgspec.Struct, frozen=True, array_like=True, tag="moved"):
    """Cursors have moved in a channel, or whose cursors count. Passing, like a frame: the versions show what was lost."""

    channel_id: int
    head: int
    delivered: Low
    read: Low
    #: The numbers at which those whose cursors count began.
    since: Low
    cursors: Sequence[Cursor]


class SignedOut(msgspec.Struct, frozen=True, array_like=True, tag="signed_out"):
    """Logins of this user have ended: ask again whether each socket's login holds."""

    user_id: int


class Surplus(msgspec.Struct, frozen=True, array_like=True, tag="surplus"):
    """This socket is one too many of its user, and must be closed."""

    user_id: int
    process: str
    socket: str


class Probed(msgspec.Struct, frozen=True, array_like=True, tag="probed"):
    """One socket of this user found no seat: do the others still live?"""

    user_id: int
    socket: str


class EpochBegan(msgspec.Struct, frozen=True, array_like=True, tag="epoch_began"):
    """The database was rewound, somebody says; it knows itself whether it was."""

    epoch: str


class Renewed(msgspec.Struct, frozen=True, array_like=True, tag="renewed"):
    """Something of this user's own that has no number has changed: the product reads it again."""

    user_id: int


class About(msgspec.Struct, frozen=True, array_like=True, tag="about"):
    """What the product has to say of this user to the processes that have them; opaque to the machinery."""

    user_id: int
    raw: bytes


class Spread(msgspec.Struct, frozen=True, array_like=True, tag="spread"):
    """A frame for this user and for all who have one of these channels with them. Of the moment, and said once to each socket."""

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
    """What the channel layer carries. `process`: who says it, if it hears itself; `announced_at`: by the time of day."""
    event = {**event_beginning(process), "packed": pack(announcement)}
    return event if announced_at is None else {**event, "at": announced_at}


def event_beginning(process: str) -> dict[str, str]:
    """What each event of this process begins with."""
    return {"type": EVENT_TYPE, "process": process}


def unpack(packed: bytes) -> Announcement:
    return _decoder.decode(packed)


def group_of(announcement: Announcement) -> str:
    match announcement:
        case Changed(channel_id=channel_id) | Passing(channel_id=channel_id) | Moved(channel_id=channel_id):
            return channel_group(channel_id)
        case _:
            # What is about one person is seldom said: to hear it costs less than a subscription for each who comes in.
            return EVERYBODY


#: The group of all processes.
EVERYBODY = "everybody"


def channel_group(channel_id: int) -> str:
    return f"channel.{channel_id}"

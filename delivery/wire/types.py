"""The parts of commands and frames: versions, ids, numbers, times, and the codes with which the server closes a socket."""

import datetime
import enum
from typing import Annotated, overload

import msgspec

from delivery.wire import ids

VERSION = 1
SUBPROTOCOL = "gapless.v1"

Id = Annotated[int, msgspec.Meta(ge=0, le=ids.MOST)]
Number = Annotated[int, msgspec.Meta(ge=0, le=ids.MOST)]
Ref = Annotated[int, msgspec.Meta(ge=-ids.MOST - 1, le=ids.MOST)] | str
#: ids.read_uuid reads it: msgspec's own UUID would accept one without dashes too.
Uuid = Annotated[
    str,
    msgspec.Meta(
        min_length=ids.UUID_LENGTH,
        max_length=ids.UUID_LENGTH,
        extra_json_schema={"format": "uuid", "pattern": ids.UUID_PATTERN},
    ),
]


class CloseCode(enum.IntEnum):
    """After 4000 to 4499 the client reconnects, after 4500 to 4999 it does not."""

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


_encode = msgspec.json.Encoder().encode

#: An RFC 3339 time in UTC, as spell_time writes it.
Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


@overload
def spell_time(moment: datetime.datetime) -> Time: ...


@overload
def spell_time(moment: datetime.datetime | None) -> Time | None: ...


def spell_time(moment: datetime.datetime | None) -> Time | None:
    """RFC 3339 in UTC, always with microseconds."""
    if moment is None:
        return None
    utc = moment.astimezone(datetime.UTC)
    if utc.microsecond:
        # msgspec is four times as fast, and messages are full of times; but it leaves out microseconds that are 0.
        return _encode(utc)[1:-1].decode()
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def time_now() -> Time:
    """The time of the server's clock, for clients whose own may be wrong."""
    return spell_time(datetime.datetime.now(datetime.UTC))

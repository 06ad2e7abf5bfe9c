"""One example of each frame, for the AsyncAPI document. Examples of commands stand beside their structs in delivery/wire."""

from typing import Any

import msgspec

from chat.shapes.channel import CHANNEL
from chat.shapes.message import MESSAGE
from chat.shapes.person import BOB
from chat.shapes.presence import AT_LUNCH
from chat.shapes.words import THEN
from delivery.wire import commands, frames
from delivery.wire.codec import encode
from delivery.wire.types import VERSION, CloseCode

_EPOCH = commands.EXAMPLE_EPOCH
_SPELLED = msgspec.Raw(encode(MESSAGE))
_CHANNEL = msgspec.structs.replace(CHANNEL, is_member=msgspec.UNSET)

_FRAMES: tuple[frames.Frame, ...] = (
    frames.Hello(
        version=VERSION,
        connection="5f1d2a9c3b7e4d60",
        epoch=_EPOCH,
        user=BOB,
        heartbeat_seconds=30,
        time=THEN,
        limits={"message_bytes": 2048},
        channels=[_CHANNEL],
    ),
    frames.Ok(ref=2, message=_SPELLED, duplicate=False),
    frames.Error(ref=2, code="rate_limited", detail="You may send 60 messages a minute: wait 12 s.", retry_after=11.8),
    frames.Pong(ref="p1", epoch=_EPOCH, time=THEN, heads={12: 341}),
    frames.Changes(channel=12, after=340, head=341, changes=[_SPELLED]),
    frames.Receipts(
        channel=12,
        delivered=341,
        read=340,
        since=3,
        members=msgspec.Raw(b'{"2":[341,340]}'),
        head=341,
        unread=0,
        mentioned=0,
    ),
    frames.Presence(users={2: AT_LUNCH}),
    frames.Blocks(users=[2]),
    frames.Renamed(person=BOB),
    frames.Typing(channel=12, users=[2]),
    frames.Viewing(channel=31, users=[2]),
    frames.Channel(action="joined", channel=_CHANNEL),
    frames.Thread(channel=12, thread=501, following=True, read_seq=345, unread=0),
    frames.Heartbeat(epoch=_EPOCH, heads={12: 341}),
    frames.Goodbye(code=CloseCode.RESTARTING, reason="the server restarts", retry_after=0.4),
)

#: Each example as it goes over the wire.
EXAMPLES: dict[type[msgspec.Struct], dict[str, Any]] = {
    type(frame): msgspec.json.decode(encode(frame)) for frame in (*commands.EXAMPLES, *_FRAMES)
}

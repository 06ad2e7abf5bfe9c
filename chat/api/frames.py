"""One example of each frame, for the AsyncAPI document; a test holds them to the structs."""

from typing import Any

import msgspec

from chat.api.examples import EXAMPLES as SHAPES
from delivery.wire import commands, frames

_ID = "0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10"
_MESSAGE = SHAPES["Message"]
_CHANNEL = {key: value for key, value in SHAPES["Channel"].items() if key != "is_member"}

_EPOCH = "9f1c0a7be2d34c5a8810"
_FIELDS: dict[type[msgspec.Struct], dict[str, Any]] = {
    commands.Sync: {"ref": 1, "channels": {"12": 340}, "epoch": _EPOCH},
    commands.Post: {"ref": 2, "channel": 12, "client_msg_id": _ID, "body": "The build is green."},
    commands.Edit: {"ref": 3, "channel": 12, "message": 501, "body": "The build is red."},
    commands.Delete: {"ref": 4, "channel": 12, "message": 501},
    commands.Delivered: {"channel": 12, "seq": 341},
    commands.Read: {"channel": 12, "seq": 341},
    commands.SayTyping: {"channel": 12, "on": True},
    commands.SayPresence: {"status": "away", "activity": "at lunch"},
    commands.Ping: {"ref": "p1"},
    frames.Hello: {
        "version": 1,
        "connection": "5f1d2a9c3b7e4d60",
        "epoch": _EPOCH,
        "user": SHAPES["Person"],
        "heartbeat_seconds": 30,
        "time": _MESSAGE["created_at"],
        "limits": {"message_bytes": 2048},
        "channels": [_CHANNEL],
    },
    frames.Ok: {"ref": 2, "message": _MESSAGE, "duplicate": False},
    frames.Error: {
        "ref": 2,
        "code": "rate_limited",
        "detail": "You may send 60 messages a minute: wait 12 s.",
        "retry_after": 11.8,
    },
    frames.Pong: {"ref": "p1", "epoch": _EPOCH, "time": _MESSAGE["created_at"], "heads": {"12": 341}},
    frames.Changes: {"channel": 12, "after": 340, "head": 341, "changes": [_MESSAGE]},
    frames.Receipts: {
        "channel": 12,
        "delivered": 341,
        "read": 340,
        "since": 3,
        "members": {"2": [341, 340]},
        "head": 341,
        "unread": 0,
        "mentioned": 0,
    },
    frames.Presence: {"users": {"2": {"status": "away", "activity": "at lunch"}}},
    frames.Blocks: {"users": [2]},
    frames.Renamed: {"person": SHAPES["Person"]},
    frames.Typing: {"channel": 12, "users": [2]},
    frames.Channel: {"action": "joined", "channel": _CHANNEL},
    frames.Heartbeat: {"epoch": _EPOCH, "heads": {"12": 341}},
    frames.Goodbye: {"code": 4000, "reason": "the server restarts", "retry_after": 0.4},
}

EXAMPLES = {frame: {"op": frame.__struct_config__.tag, **fields} for frame, fields in _FIELDS.items()}

"""The AsyncAPI document of the socket, made from the structs of delivery/wire and written from the server's side."""

import functools
from collections.abc import Sequence
from typing import Any

import msgspec

from chat.api import openapi
from chat.api.frames import EXAMPLES
from chat.shapes import Message
from delivery.wire import commands, frames, types
from delivery.wire.commands import COMMANDS
from delivery.wire.frames import FRAMES
from delivery.wire.types import CloseCode

_REF = "#/components/schemas/{name}"
_SOCKET = {"$ref": "#/channels/socket"}
_DESCRIPTION = """JSON objects in text frames. After the handshake the server sends `hello`; the client answers within 5 seconds
with `sync`. A command may carry `ref`, a string or an integer. The server sends one reply, `ok`, `error` or `pong`, with the same
`ref`. Without `ref` the server does not confirm success. When `after` of a batch of `changes` is not the head that the client
holds, the client has a gap: it sends `sync` again."""

_LOGINS = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "For programs, with the scope `read`, without a cookie.",
    },
    "session": {
        "type": "httpApiKey",
        "in": "cookie",
        "name": "gapless_session",
        "description": "For browsers, with a configured Origin. Over https the cookie's name begins with __Host-; without"
        " ALLOWED_ORIGINS it ends with the port.",
    },
}


@functools.cache
def document() -> dict[str, Any]:
    """The whole document; every caller gets the same."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gapless: the socket",
            "version": str(types.VERSION),
            "description": f"{' '.join(_DESCRIPTION.split())}\n\n{_close_codes()}",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"here": _server()},
        "channels": {"socket": _socket()},
        "operations": {
            **{f"take.{_op(command)}": _taking(command) for command in COMMANDS},
            **{f"push.{_op(frame)}": _pushing(frame) for frame in FRAMES},
        },
        "components": {
            "messages": {_name(frame): _message(frame) for frame in _all()},
            "schemas": _schemas(),
            "securitySchemes": _LOGINS,
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "localhost:8000",
        "protocol": "ws",
        "description": "This server's own address; `wss` with TLS.",
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _LOGINS],
    }


def _socket() -> dict[str, Any]:
    return {
        "address": "/ws/",
        "title": f"The socket, with the subprotocol {types.SUBPROTOCOL}",
        "messages": {_name(frame): {"$ref": f"#/components/messages/{_name(frame)}"} for frame in _all()},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _all() -> Sequence[type[msgspec.Struct]]:
    return [*COMMANDS, *FRAMES]


def _op(frame: type[msgspec.Struct]) -> str:
    return str(frame.__struct_config__.tag)


def _name(frame: type[msgspec.Struct]) -> str:
    # Commands and pushes may have the same op: presence, typing.
    return f"{'command' if frame in COMMANDS else 'frame'}.{_op(frame)}"


def _message(frame: type[msgspec.Struct]) -> dict[str, Any]:
    says = " ".join((frame.__doc__ or "").split())
    return {
        "name": _op(frame),
        "title": _op(frame),
        "summary": says,
        "payload": {"$ref": _REF.format(name=frame.__name__)},
        "examples": [{"name": _op(frame).replace(".", "_"), "payload": EXAMPLES[frame]}],
    }


def _taking(command: type[msgspec.Struct]) -> dict[str, Any]:
    answer = frames.Pong if command is commands.Ping else frames.Ok
    replies = [_in_socket(answer), _in_socket(frames.Error)]
    reply = {"channel": _SOCKET, "messages": replies}
    return {"action": "receive", "channel": _SOCKET, "messages": [_in_socket(command)], "reply": reply}


def _pushing(frame: type[msgspec.Struct]) -> dict[str, Any]:
    return {"action": "send", "channel": _SOCKET, "messages": [_in_socket(frame)]}


def _in_socket(frame: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/channels/socket/messages/{_name(frame)}"}


def _schemas() -> dict[str, Any]:
    _, found = msgspec.json.schema_components([*_all(), Message], ref_template=_REF)
    # The product, not the machinery, describes a channel in `hello`: in the same shape as over HTTP.
    described = {"$ref": _REF.format(name="ChannelDescription")}
    found["Hello"]["properties"]["channels"]["items"] = described
    bare = found["Channel"]["properties"]["channel"]
    found["Channel"]["properties"]["channel"] = {"anyOf": [described, bare]}
    of_channel, last = (openapi.document()["components"]["schemas"][name] for name in ("Channel", "Last"))
    return {**found, "ChannelDescription": {**of_channel, "title": "ChannelDescription"}, "Last": last}


def _close_codes() -> str:
    told = ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in CloseCode)
    return f"Close codes: {told}. After 4000 to 4499 the client reconnects, from 4500 on it does not."

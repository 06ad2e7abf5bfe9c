"""Reads frames that come in one piece, as nearly all do, without websockets' parser, at half of its cost."""

from typing import Any

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # C where there is C
from websockets.protocol import Protocol
from websockets.streams import StreamReader

#: How a whole text frame begins, that it is masked, and that its length follows in two bytes (RFC 6455, 5.2).
WHOLE_TEXT, MASKED, IN_TWO_BYTES = 0x81, 0x80, 126
#: Where websockets' parser waits between two frames.
BETWEEN = StreamReader.at_eof.__code__


def text_alone(data: bytes, *, most_bytes: int) -> str | None:
    """The text, if the bytes are exactly one whole text frame; else None. Only for bytes at the beginning of a message."""
    payload = _payload_alone(data, most_bytes)
    try:
        return None if payload is None else payload.decode()
    except UnicodeDecodeError:
        return None


def _payload_alone(data: bytes, most_bytes: int) -> bytes | None:
    size = len(data)
    if size < 6 or data[0] != WHOLE_TEXT:
        return None
    if size < 6 + IN_TWO_BYTES:
        return apply_mask(data[6:], data[2:6]) if data[1] == MASKED + size - 6 else None
    is_all = data[1] == MASKED + IN_TWO_BYTES and int.from_bytes(data[2:4], "big") == size - 8
    return apply_mask(data[8:], data[4:8]) if is_all and size - 8 <= most_bytes else None


def is_between_messages(conn: Protocol) -> bool:
    """Whether no message and no frame is incomplete."""
    # Of a frame whose payload is yet to come nothing is kept in the buffer: only the parser itself knows that it has begun.
    step: Any = conn.parser
    while step.gi_yieldfrom is not None:
        step = step.gi_yieldfrom
    return conn.current_size is None and step.gi_code is BETWEEN

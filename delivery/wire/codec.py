"""Between text and structs: the one way in for what a client sends, and the one way out for what it is sent."""

import json

import msgspec

from delivery.wire.commands import COMMANDS, AnyCommand
from delivery.wire.errors import Invalid, Overtaken, Refused, UnknownOp
from delivery.wire.frames import Error
from delivery.wire.types import Ref

_decoder = msgspec.json.Decoder(AnyCommand)
_encoder = msgspec.json.Encoder()
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


def encode(sent: msgspec.Struct) -> bytes:
    return _encoder.encode(sent)


def given(ref: Ref | None) -> Ref | msgspec.UnsetType:
    """A command's ref as its reply repeats it: left out when there was none."""
    return msgspec.UNSET if ref is None else ref


def encode_refusal(refusal: Refused, *, ref: Ref | None, channel_id: int | None = None) -> bytes:
    return encode(
        Error(
            ref=given(ref),
            code=refusal.code,
            detail=refusal.detail,
            retry_after=msgspec.UNSET if refusal.retry_after is None else round(refusal.retry_after, 3),
            channel=msgspec.UNSET if channel_id is None else channel_id,
            reference=getattr(refusal, "reference", msgspec.UNSET),
            missed=[msgspec.Raw(raw) for raw in refusal.missed] if isinstance(refusal, Overtaken) else msgspec.UNSET,
        )
    )

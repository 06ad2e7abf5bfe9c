"""Every refusal: its code on the wire, its HTTP status, and the sentence for people. Services raise refusals, each door translates
them in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from delivery.wire.frames import Person
    from delivery.wire.types import Time


class Refused(Exception):
    """The request was refused; nothing was changed."""

    code = "invalid"
    status = 400

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        self.detail = detail or (self.__doc__ or self.code).strip()
        self.retry_after = retry_after
        super().__init__(self.detail)


class Invalid(Refused):
    """This could not be understood."""

    code = "invalid"
    status = 400


class TooSlow(Invalid):
    """The file came too slowly: send it in pieces, each of which continues where the last one ended."""

    status = 408


class UnknownOp(Refused):
    """There is no such op."""

    code = "unknown_op"
    status = 400


class NotFound(Refused):
    """There is nothing here, or nothing that you may see."""

    code = "not_found"
    status = 404


class NotAMember(Refused):
    """You are not a member of this channel."""

    code = "not_a_member"
    status = 403


class Forbidden(Refused):
    """You may not do this."""

    code = "forbidden"
    status = 403


class NotVerified(Refused):
    """The company's signature of your identity is missing or not valid: its page must send a new one."""

    code = "not_verified"
    status = 403


class OutOfScope(Forbidden):
    """This token may not be used for that."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This token may not be used for that: it lacks the scope {scope}.")
        self.scope = scope


class Empty(Refused):
    """A message needs some text."""

    code = "empty"
    status = 400


class TooLong(Refused):
    """The message is longer than 2,048 bytes."""

    code = "too_long"
    status = 400


class Conflict(Refused):
    """This client_msg_id was used before, with another body, reply_to or channel."""

    code = "conflict"
    status = 409


class Outdated(Conflict):
    """This message has changed since you read it: read it again, then decide."""

    status = 412


class Archived(Refused):
    """This channel is archived: you can read it, but not write in it."""

    code = "archived"
    status = 409


class Over(Archived):
    """This conversation is over: your next message begins another one."""


class Overtaken(Refused):
    """Another agent has answered meanwhile: read that answer, then send yours again with the newest number that you have seen."""

    code = "overtaken"
    status = 409

    def __init__(self, missed: Sequence[bytes]) -> None:
        super().__init__()
        #: The messages, as they are sent.
        self.missed = missed


class Claimed(Refused):
    """Somebody else holds this conversation."""

    code = "claimed"
    status = 409

    def __init__(self, who: Person, until: Time) -> None:
        super().__init__(f"{who.display_name} holds this conversation.")
        self.who = who
        self.until = until


class AtCapacity(Refused):
    """This agent holds as many conversations as they can."""

    code = "at_capacity"
    status = 409


class Muted(Refused):
    """You are muted in this channel."""

    code = "muted"
    status = 403


class Blocked(Refused):
    """One of you has blocked the other: you can't send each other direct messages."""

    code = "blocked"
    status = 403


class Removed(Refused):
    """You were removed from this channel: you can return when a moderator adds you."""

    code = "removed"
    status = 403


class TooBig(Refused):
    """This file is larger than a file can be."""

    code = "too_big"
    status = 413


class Quota(Refused):
    """Your storage for files is full: delete messages with files that nobody needs."""

    code = "quota"
    status = 429


class UnsupportedType(Refused):
    """Files of this type are not accepted."""

    code = "unsupported_type"
    status = 415


class RateLimited(Refused):
    """That was too much in too short a time: wait, then send the same again."""

    code = "rate_limited"
    status = 429

    def __init__(self, detail: str = "", *, retry_after: float | None = None, limit: int | None = None) -> None:
        super().__init__(detail, retry_after=retry_after)
        #: How many requests the window allows, for the headers of HTTP.
        self.limit = limit


class QueueFull(Refused):
    """Too many messages are waiting in this channel: wait, then send the same again."""

    code = "queue_full"
    status = 503


class ChannelFull(Refused):
    """This channel has as many members as a channel can have."""

    code = "channel_full"
    status = 409


class TooManyConnections(Refused):
    """Too many devices are connected to this channel."""

    code = "too_many_connections"
    status = 429


class Unavailable(Refused):
    """The database can't be reached: nothing is lost, send the same again with the same client_msg_id."""

    code = "unavailable"
    status = 503

    def __init__(self, detail: str = "", *, retry_after: float = 1) -> None:
        super().__init__(detail, retry_after=retry_after)


class Internal(Refused):
    """Something went wrong on our side. The server has logged it with the reference."""

    code = "internal"
    status = 500

    def __init__(self, reference: str) -> None:
        super().__init__()
        self.reference = reference


#: Every code that a client can meet, in the order of the contract.
REFUSALS: tuple[type[Refused], ...] = tuple(Refused.__subclasses__())

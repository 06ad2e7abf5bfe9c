"""The messages between a load test's processes over a pipe: orders to a generator, and its reports."""

import asyncio
from collections.abc import Sequence

import msgspec

from delivery.load.tally import Tally

_LENGTH_BYTES = 4


class Arrive(msgspec.Struct, tag=True):
    """Connect a client for each place (token, channel)."""

    url: str
    name: str
    places: Sequence[tuple[str, int]]


class Speak(msgspec.Struct, tag=True):
    """Speakers say `rate` messages a second each for `seconds`; those who are cut lose their connection each `each_seconds`."""

    speakers: list[int]
    cut: list[int]
    rate: float
    seconds: float
    each_seconds: float


class Settle(msgspec.Struct, tag=True):
    """Wait until everybody has heard of everything up to these numbers."""

    heads: dict[int, int]


class Depart(msgspec.Struct, tag=True):
    """Disconnect these clients."""

    seats: list[int]


class Say(msgspec.Struct, tag=True):
    """One message from each of these."""

    seats: list[int]


class Enter(msgspec.Struct, tag=True):
    """One after the other comes back."""

    seats: list[int]


class Tell(msgspec.Struct, tag=True):
    """Report the tally since the beginning."""


Order = Arrive | Speak | Settle | Depart | Say | Enter | Tell


class Step(msgspec.Struct, tag=True):
    """`done` more steps of `what`: connecting, sending, cut, entering."""

    what: str
    done: int


class Count(msgspec.Struct, tag=True):
    """Totals since the beginning."""

    answered: int
    deliveries: int


class Done(msgspec.Struct, tag=True):
    """The order is carried out. `seconds`: what each connection took. `heads`: the highest numbers that were answered here."""

    seconds: list[float] = []
    heads: dict[int, int] = {}
    is_settled: bool = True
    tally: Tally | None = None
    #: How late the event loop was while they spoke.
    lag: list[float] = []


class Failed(msgspec.Struct, tag=True):
    """The order can't be carried out."""

    says: str


Word = Step | Count | Done | Failed


def pack(said: Order | Word) -> bytes:
    """The order or report as bytes for the pipe."""
    raw = msgspec.msgpack.encode(said)
    return len(raw).to_bytes(_LENGTH_BYTES, "big") + raw


async def read(pipe: asyncio.StreamReader) -> bytes | None:
    """Reads the next order or report; None if the other side has gone."""
    try:
        return await pipe.readexactly(int.from_bytes(await pipe.readexactly(_LENGTH_BYTES), "big"))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None

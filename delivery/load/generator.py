"""One process of a load test's clients: `python -m delivery.load.generator` takes orders from its input, and ends with it.

So it never outlives the process that started it, however that ends.
"""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence

import msgspec
import uvloop

from delivery.client import Ended
from delivery.load.crowd import Crowd, Seat
from delivery.load.lag import Lag
from delivery.load.orders import (
    Arrive,
    Count,
    Depart,
    Done,
    Enter,
    Failed,
    Order,
    Say,
    Settle,
    Speak,
    Step,
    Tell,
    Word,
    pack,
    read,
)  # fmt: skip
from delivery.load.tally import Tally
from delivery.tasks import Nursery, end

#: Between two words about how far it is.
COUNT_SECONDS = 0.5
#: For saying goodbye to the server.
LEAVE_SECONDS = 5

_decode = msgspec.msgpack.Decoder(Order).decode


class Generator:
    """A crowd that obeys orders. `say` sends reports to the process that gives the orders."""

    def __init__(self, say: Callable[[Word], None], nursery: Nursery) -> None:
        self._say = say
        self._nursery = nursery
        self._lag = Lag()
        self._watching: asyncio.Task[None] | None = None
        self.crowd = Crowd("", [], tally=Tally())

    async def obey(self, order: Order) -> None:
        """Carries it out and says Done, or Failed when the clients can't connect."""
        try:
            done = await self._carry_out(order)
        except (Ended, TimeoutError, OSError) as error:
            self._say(Failed(str(error) or "no answer in time"))
        else:
            self._say(done)

    async def _carry_out(self, order: Order) -> Done:
        match order:
            case Arrive():
                self.crowd = Crowd(order.url, order.places, tally=self.crowd.tally, name=order.name)
                return Done(seconds=await self.crowd.arrive(self._progress("connecting")))
            case Speak():
                return await self._speak(order)
            case Settle():
                return Done(is_settled=await self.crowd.settled(order.heads))
            case Depart():
                await asyncio.gather(*map(self.crowd.leave, self._seats(order.seats)))
            case Say():
                await asyncio.gather(*map(self.crowd.say, self._seats(order.seats)))
            case Enter():
                for seat in self._seats(order.seats):
                    await self.crowd.enter(seat)
                    self._say(Step("entering", 1))
            case Tell():
                await end([self._watching] if self._watching else [])
                return Done(tally=self.crowd.tally, lag=self._lag.seconds)
        return Done(heads=self.crowd.tally.heads)

    async def _speak(self, order: Speak) -> Done:
        self._watching = self._nursery.start(self._lag.watch())
        cut = self._seats(order.cut)
        for seat in cut:
            seat.heard.is_steady = False
        until = time.perf_counter() + order.seconds
        returned, _ = await asyncio.gather(
            self.crowd.cut_off(cut, each_seconds=order.each_seconds, until=until, progress=self._progress("cut")),
            self.crowd.speak(
                self._seats(order.speakers), rate=order.rate, seconds=order.seconds, progress=self._progress("sending")
            ),
        )
        return Done(seconds=returned, heads=self.crowd.tally.heads)

    def _seats(self, places: Sequence[int]) -> list[Seat]:
        return [self.crowd.seats[place] for place in places]

    def _progress(self, what: str) -> Callable[[int], None]:
        return lambda done: self._say(Step(what, done))

    async def count(self) -> None:
        """Says how far it is, for ever."""
        while True:
            tally = self.crowd.tally
            self._say(Count(answered=len(tally.answered_messages), deliveries=tally.deliveries))
            await asyncio.sleep(COUNT_SECONDS)


async def _obey_all() -> None:
    def say(word: Word) -> None:
        sys.stdout.buffer.write(pack(word))
        sys.stdout.buffer.flush()

    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    nursery = Nursery()
    generator = Generator(say, nursery)
    nursery.start(generator.count())
    while (raw := await read(orders)) is not None:
        nursery.start(generator.obey(_decode(raw)))
    await nursery.end()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(generator.crowd.__aexit__(), LEAVE_SECONDS)


def main() -> None:
    # Ctrl-C is for the process that gives the orders; the end of the input follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    with contextlib.suppress(BrokenPipeError):
        uvloop.run(_obey_all())


if __name__ == "__main__":
    main()

"""Starts a web process that counts what presence itself uses of its CPU: `python -m benchmarks.timed serve`.

Coming costs a handshake, hello and sync, and what presence adds to them is too little for the difference of two runs to show.
"""

import functools
import os
import sys
import time
import types
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
django.setup()

from chat.live.presence import here as presence  # noqa: E402 (Django comes first)
from chat.live.presence.here import ProcessPresence  # noqa: E402
from chat.live.presence.pushes import Pushes  # noqa: E402
from chat.services import note_seen  # noqa: E402
from chatproject.embedded.start import prepare  # noqa: E402
from chatproject.serving.websocket_protocol import PeerProtocol  # noqa: E402
from delivery.live.peers import Prepared  # noqa: E402
from presence.roster import Roster  # noqa: E402


class Stopwatch:
    """Runs while anything runs that it was put around; its count is in a file, twice a second."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("wb", buffering=0)
        self._spent = 0.0
        self._is_running = False
        self._is_ticking = False

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if self._is_running:
                return function(*args, **kwargs)
            self._is_running, begun = True, time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self._is_running = False
                self._spent += time.thread_time() - begun

        return timed

    def beside(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """In a thread of its own."""

        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            begun = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self._spent += time.thread_time() - begun

        return timed

    def sending(self, write: Callable[[PeerProtocol, Prepared], None]) -> Callable[[PeerProtocol, Prepared], None]:
        """uvloop sends at the end of its turn, when this does not run: what a tick writes is sent, and so counted, at once.

        What is written beside the answer to a sync leaves with it, and stays as it is.
        """

        @functools.wraps(write)
        def timed(peer: PeerProtocol, frame: Prepared) -> None:
            transport = peer.transport
            if self._is_ticking and self._is_running and not peer.is_gone and not transport.get_write_buffer_size():
                sent = os.write(transport.get_extra_info("socket").fileno(), frame.wire)
                if sent < len(frame.wire):
                    transport.write(frame.wire[sent:])
            else:
                write(peer, frame)

        return timed

    def around_steps(self, function: Callable[..., Any], *, is_tick: bool = False) -> Callable[..., Any]:
        @functools.wraps(function)
        async def timed(*args: Any, **kwargs: Any) -> Any:
            self._is_ticking |= is_tick
            result = await self._steps(function(*args, **kwargs))
            self._is_ticking &= not is_tick
            os.pwrite(self._file.fileno(), f"{self._spent:20.6f}".encode(), 0)
            return result

        return timed

    @types.coroutine
    def _steps(self, work: Any) -> Generator[Any, Any, Any]:
        step, given = self.around(work.send), None
        while True:
            try:
                waiting = step(given)
            except StopIteration as end:
                return end.value
            try:
                step, given = self.around(work.send), (yield waiting)
            except BaseException as error:
                step, given = self.around(work.throw), error


def put_around(stopwatch: Stopwatch) -> None:
    for name in ("arrived", "left", "told_idle", "told_typing", "heard"):
        setattr(ProcessPresence, name, stopwatch.around(getattr(ProcessPresence, name)))
    ProcessPresence.tick = stopwatch.around_steps(ProcessPresence.tick, is_tick=True)  # type: ignore[method-assign]
    write = stopwatch.sending(PeerProtocol.write)
    setattr(PeerProtocol, "write", write)  # noqa: B010
    setattr(PeerProtocol, "write_all", lambda peer, frames: write(peer, _joined(frames)))  # noqa: B010
    Pushes.push_rosters = stopwatch.around(Pushes.push_rosters)  # type: ignore[method-assign]
    setattr(presence, "note_seen", stopwatch.beside(note_seen))  # noqa: B010
    begin = Roster.__post_init__

    def begin_timed(roster: Roster) -> None:
        begin(roster)
        # Its wait has an end, and so a task of its own.
        roster._script = stopwatch.around_steps(roster._script)  # type: ignore[assignment]

    setattr(Roster, "__post_init__", begin_timed)  # noqa: B010


def _joined(frames: Sequence[Prepared]) -> Prepared:
    joined = Prepared(b"")
    joined.wire = b"".join(frame.wire for frame in frames)
    return joined


if __name__ == "__main__":
    put_around(Stopwatch(Path(os.environ["GAPLESS_DATA"]) / f"presence-{os.environ['PORT']}"))
    sys.argv[0] = "manage.py"
    prepare(sys.argv)

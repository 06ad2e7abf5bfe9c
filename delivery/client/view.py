"""A client's state of each channel. It turns frames into events: each change once and in order.

Knows neither sockets nor waiting: a gap is handed to the connection, which can ask.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from delivery.client.connection import Frame


@dataclass(frozen=True)
class Event:
    """`kind`: changes (`changes`: messages in number order, each once), resync, receipts, channel, typing, viewing or presence.

    `resync`: what came after `frame["held"]`, up to `frame["head"]`, was not told: messages after it are in history, and changes
    of older ones show when these are read afresh. Presence is of people, not of a channel: then `channel` is 0, or the one of
    which `frame` is the whole roster.
    """

    kind: str
    channel: int
    changes: Sequence[Frame] = ()
    frame: Frame = field(default_factory=dict)


class HeldLog:
    """`events`: what happened, in order; None after the last. `ask` is called with a channel of which something is missing."""

    def __init__(self, heads: Mapping[int, int], *, ask: Callable[[int], None]) -> None:
        self.heads = dict(heads)
        self.people: dict[int, Frame] = {}
        self.events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._ask = ask

    def take(self, frame: Frame) -> None:
        """One push."""
        match frame["op"]:
            case "changes":
                self._take_changes(frame)
            case "heartbeat":
                self.compare(frame["heads"])
            case "channel":
                self._take_channel(frame)
            case "presence":
                self._take_presence(frame)
            case "receipts" | "typing" | "viewing":
                self.events.put_nowait(Event(frame["op"], frame["channel"], frame=frame))

    def take_states(self, answer: Frame, *, is_same_log: bool = True) -> None:
        """Applies the answer to a sync, after the missed changes. is_same_log: the held numbers are of the server's epoch."""
        for name, state in answer["channels"].items():
            channel = int(name)
            if state.get("resync"):
                # A number beyond the head is of another log: then nothing is held.
                held = self.heads.get(channel, 0)
                held = held if is_same_log and held <= state["head"] else 0
                self.heads[channel] = state["head"]
                self.events.put_nowait(Event("resync", channel, frame={**state, "held": held}))
            else:
                self.heads.setdefault(channel, state["head"])

    def compare(self, heads: Mapping[str, int]) -> None:
        """Compares with the server's heads: a channel behind its head has a gap, and `ask` is called with it."""
        for name, head in heads.items():
            if head > self.heads.get(int(name), head):
                self._ask(int(name))

    def _take_changes(self, frame: Frame) -> None:
        channel = frame["channel"]
        held = self.heads.get(channel, frame["after"])
        if frame["head"] <= held:
            return
        if frame["after"] != held:
            self._ask(channel)
            return
        self.heads[channel] = frame["head"]
        if frame["changes"]:
            self.events.put_nowait(Event("changes", channel, changes=frame["changes"], frame=frame))

    def _take_channel(self, frame: Frame) -> None:
        channel = frame["channel"]["id"]
        if frame["action"] == "joined":
            self.heads[channel] = frame["channel"]["head"]
        elif frame["action"] in ("left", "removed"):
            self.heads.pop(channel, None)
        self.events.put_nowait(Event("channel", channel, frame=frame))

    def _take_presence(self, frame: Frame) -> None:
        self.people.update({int(user): state for user, state in frame["users"].items()})
        self.events.put_nowait(Event("presence", frame.get("channel", 0), frame=frame))

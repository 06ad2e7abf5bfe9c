"""A peer that keeps the frames that were written to it, or stops reading."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec

from delivery.live.peers import Prepared, TakesText


class Listener:
    """A peer that keeps what was written to it, or stops reading."""

    keeps_up = False

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.unsent_bytes = 0
        self.unsent_frames = 0
        self.last_heard = None
        self.is_gone = False
        self.closed: int | None = None

    def write(self, frame: Prepared) -> None:
        self.frames.append(msgspec.json.decode(frame.payload))

    def write_all(self, frames: Sequence[Prepared]) -> None:
        for frame in frames:
            self.write(frame)

    def ping(self) -> None:
        return

    def offer_text(self, takes: TakesText | None) -> None:
        return

    def close(self, code: int, reason: str, *, last: Prepared) -> None:
        self.closed = code

    @property
    def bodies(self) -> list[str]:
        changes = [change for frame in self.frames if frame["op"] == "changes" for change in frame["changes"]]
        return [change["body"] for change in changes if change["kind"] == "text"]

    @property
    def has_a_gap(self) -> bool:
        frames = [frame for frame in self.frames if frame["op"] == "changes"]
        return any(before["head"] != after["after"] for before, after in pairwise(frames))

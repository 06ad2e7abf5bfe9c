"""A connection that keeps its pushes, and the state of each channel that follows from them."""

import asyncio
from collections.abc import Mapping
from typing import Any

from delivery.client.connection import Connection, Frame


class Listening(Connection):
    """A Connection, opened alike; `sync` also keeps `heads`. Closes no gap: `gaps` says that there was one."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, on_push=self._keep, **options)
        #: Pushes that nobody has taken yet, in the order they came.
        self.pushes: asyncio.Queue[Frame] = asyncio.Queue()
        #: The number up to which each channel is held, without a gap.
        self.heads: dict[int, int] = {}
        #: Every change received, by channel, in order.
        self.changes: dict[int, list[Frame]] = {}
        #: What was pushed last of each person, and who was typing last in each channel.
        self.people: dict[int, Frame] = {}
        self.typing: dict[int, list[int]] = {}
        self.gaps = 0

    async def sync(self, heads: Mapping[int, int], *, epoch: str | None = None) -> Frame:
        """The `ok` of a sync, after what was missed has come as changes. `heads` of the channels are kept from then on."""
        for channel, head in heads.items():
            if head:
                self.heads[channel] = head
        ok = await super().sync(heads, epoch=epoch)
        for name, state in ok["channels"].items():
            channel = int(name)
            # Live changes may have gone further already; after a resync what was held counts for nothing.
            held = 0 if state.get("resync") else self.heads.get(channel, 0)
            self.heads[channel] = max(held, state["head"])
        return ok

    def _keep(self, frame: Frame) -> None:
        if frame["op"] == "changes":
            self._follow(frame)
        elif frame["op"] == "channel" and frame["action"] == "joined":
            self.heads[frame["channel"]["id"]] = frame["channel"]["head"]
        elif frame["op"] == "presence":
            self.people.update({int(user): state for user, state in frame["users"].items()})
        elif frame["op"] == "typing":
            self.typing[frame["channel"]] = frame["users"]
        self.pushes.put_nowait(frame)

    def _follow(self, frame: Frame) -> None:
        channel = frame["channel"]
        if self.heads.setdefault(channel, frame["after"]) != frame["after"]:
            self.gaps += 1
        self.heads[channel] = frame["head"]
        self.changes.setdefault(channel, []).extend(frame["changes"])

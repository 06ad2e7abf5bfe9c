"""Scripted clients: as careful as the contract says a client must be, and honest about everything they saw.

A client comes back elsewhere with back-off, syncs with the heads it holds, notices gaps by `after` and by heads, reads the log
of changes at a `resync`, and repeats what had no `ok` with the same client_msg_id, in order; one posting a channel is in flight.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from delivery.load.rawsocket import HandshakeRefused
from tests.faults.habits import Door, Habits
from tests.faults.history import Final, History
from tests.faults.notes import Notes
from tests.faults.outbox import Outbox, Unanswered
from tests.faults.pages import PAGE_SECONDS, Page, changes_after
from tests.faults.view import View
from tests.faults.wire import Push, WebSocket


class Client:
    """One device of one user. Lives through connections; its view and its outbox outlive them."""

    def __init__(
        self, name: str, *, user: int, login: str, doors: Sequence[Door], door: int, history: History, habits: Habits,
        seed: int = 0,
    ) -> None:  # fmt: skip
        self.name, self.user, self.login, self.doors = name, user, login, doors
        self.habits = habits
        self.chance = random.Random(f"{seed} {name}")
        self.door = door % len(doors)
        self.notes = Notes(history, client=name, user=user)
        self.view = View(self.notes)
        self.outbox = Outbox(self.notes, window=habits.window)
        #: Whether the checker expects this client to know everything at the end.
        self.must_be_whole = True
        #: Stays away while this is set.
        self.is_away = False
        self.is_stopping = False
        self.is_synced = False
        self.ended_with = 0
        self.socket: WebSocket | None = None
        #: {channel: the number after which it is still to be read from the log of changes}
        self._unread: dict[int, int] = {}
        self._reading: dict[int, asyncio.Task[None]] = {}
        self._begin()

    def _begin(self) -> None:
        self._refs = 0
        self._syncing: dict[int, dict[int, int]] = {}
        self._early: list[Push] = []
        self._retry_after: float | None = None
        self._pinged_at = self._delivered_at = 0.0
        self._heard_at = time.monotonic()
        self.view.unacknowledged.clear()

    def post(self, channel: int, body: str = "", *, key: str = "", **beside: Any) -> Unanswered:
        """Puts it into the outbox; it leaves in its turn. Without a body it gets one that is unique. `beside`: thread, files."""
        draft = Unanswered(channel, body, **({"key": key} if key else {}), **beside)
        draft.body = body or f"{'@here ' * (draft.key < '4')}{self.name} {draft.key[:8]}"
        self.outbox.add(draft)
        return draft

    def dress(self, channel: int) -> None:
        """Reacts to what it was shown last there, takes that back, pins it or unpins it. Not repeated: the next time does it."""
        message = self.view.newest.get(channel)
        if self.is_synced and message is not None and self.socket is not None and not self.socket.closed.done():
            op = self.chance.choice(("reaction.add", "reaction.add", "reaction.remove", "pin.add", "pin.remove"))
            emoji = {"emoji": self.chance.choice("👍🎉🚀")} if op.startswith("reaction") else {}
            self._send(op, channel=channel, message=message, **emoji)

    def ask_for(self, held: dict[int, int]) -> None:
        """Sends a sync that claims these heads."""
        self._syncing[self._send("sync", channels={str(channel): head for channel, head in held.items()})] = held

    @property
    def held(self) -> dict[int, int]:
        return self.view.held

    @property
    def waiting(self) -> int:
        return len(self.outbox)

    @property
    def has_caught_up(self) -> bool:
        """Connected, synced, nothing being read."""
        return self.is_synced and not self._syncing and not self._reading

    @property
    def has_ended(self) -> bool:
        """The server has said not to come back."""
        return 4500 <= self.ended_with <= 4999

    @property
    def is_settled(self) -> bool:
        """Caught up, and nothing waiting to be sent."""
        return self.has_caught_up and not self.waiting

    def final(self) -> Final:
        view = self.view
        return Final(
            client=self.name, user=self.user, is_whole=self.must_be_whole, held=dict(view.held), starts=dict(view.starts),
            views={channel: dict(messages) for channel, messages in view.messages.items()},
        )  # fmt: skip

    def drop(self) -> None:
        """Cuts the own connection, as a lost network does."""
        if self.socket is not None:
            self.socket.abort()

    # ---- coming and coming back ----

    async def live(self) -> None:
        """Until `is_stopping`, or until the server says not to come back."""
        attempt = 0
        while not self.is_stopping and not self.has_ended:
            while self.is_away:
                await asyncio.sleep(0.02)
            self._begin()
            attempt = 1 if await self._visit() else attempt + 1
            self.door = (self.door + 1) % len(self.doors)
            most = min(self.habits.backoff_most, self.habits.backoff * 2**attempt)
            await asyncio.sleep(self.chance.random() * most if self._retry_after is None else self._retry_after)

    async def _visit(self) -> bool:
        # One connection, from the handshake to its end; whether it got as far as an answered sync.
        door = self.doors[self.door]
        self.notes.connection += 1
        self.notes.web = door.name
        try:
            socket = await WebSocket.connect(door.port, self.login, self._take)
        except (HandshakeRefused, OSError, TimeoutError) as error:
            self.notes.link("refused", getattr(error, "status", 0))
            if isinstance(error, HandshakeRefused) and error.retry_after is not None:
                # Named in whole seconds, the same for many: they come back apart.
                self._retry_after = error.retry_after + self.chance.random()
            return False
        self.socket = socket
        self.notes.link("open")
        self._heard_at = time.monotonic()
        try:
            self.ended_with = await socket.closed
        finally:
            was_synced, self.is_synced = self.is_synced, False
            socket.abort()
        self.notes.link("closed", self.ended_with)
        self.outbox.close()
        return was_synced

    def tick(self, now: float) -> None:
        """Called a few times a second: pings, acknowledges, and gives up on who is silent."""
        socket = self.socket
        if socket is None or socket.closed.done():
            return
        if now - self._heard_at > self.habits.silence:
            socket.abort()
        elif self.is_synced and now - self._pinged_at > self.habits.ping:
            self._pinged_at = now
            self._send("ping")
        if self.view.unacknowledged and now - self._delivered_at > self.habits.delivered:
            self._delivered_at = now
            for channel, seq in self.view.unacknowledged.items():
                socket.send({"op": "delivered", "channel": channel, "seq": seq})
            self.view.unacknowledged.clear()
        self._give_up_waiting(socket, now)

    def _give_up_waiting(self, socket: WebSocket, now: float) -> None:
        for ref, draft in self.outbox.flying.items():
            # A process can't answer what has not reached it, nor while it is stopped.
            waited = now - draft.sent_at - self.doors[self.door].unheard_seconds(draft.sent_at)
            if waited > self.habits.reply:
                if self._heard_at > draft.sent_at + self.habits.reply / 2:
                    self.notes.silence(ref, draft.key, seconds=waited)
                socket.abort()

    # ---- frames in ----

    def _take(self, socket: WebSocket, push: Push) -> None:
        self.socket = socket
        # Whatever is heard is a sign of life.
        self._heard_at = time.monotonic()
        match push.op:
            case "changes":
                self._take_changes(push)
            case "ok" if push.ref in self._syncing:
                self._take_states(push)
            case "ok" | "error" if push.ref in self.outbox.flying:
                self.outbox.take(push)
            case "error" if push.ref in self._syncing:
                # The server could not read the rows: coming back asks again.
                self.drop()
            case "pong" | "heartbeat":
                if not self._syncing and (behind := self.view.behind(push.heads)):
                    self.ask_for(behind)
            case "hello":
                self._take_hello(push)
            case "channel":
                self._take_membership(push)
            case "goodbye":
                self._retry_after = push.retry_after

    def _take_hello(self, hello: Push) -> None:
        assert isinstance(hello.channels, list)
        mine = {int(str(channel["id"])) for channel in hello.channels}
        for channel in set(self.held) - mine:
            self._leave(channel)
        self.ask_for({channel: self.held.get(channel, 0) for channel in mine})

    def _take_changes(self, push: Push) -> None:
        is_opening = any(asked.get(int(str(push.channel))) == 0 for asked in self._syncing.values())
        verdict = self.view.take(push, is_opening=is_opening, is_syncing=bool(self._syncing))
        if verdict == "early":
            self._early.append(push)
        elif verdict == "gap":
            channel = int(str(push.channel))
            self.ask_for({channel: self.held[channel]})

    def _take_states(self, ok: Push) -> None:
        assert isinstance(ok.channels, dict)
        assert ok.ref is not None
        resync = [channel for channel, state in ok.channels.items() if state.resync]
        heads = {channel: state.head for channel, state in ok.channels.items()}
        self.notes.synced(self._syncing.pop(ok.ref), heads, resync)
        for channel in resync:
            self._read_after(channel, self.view.known_up_to(channel, ok.channels[channel]))
        for channel, state in ok.channels.items():
            self.view.take_state(channel, state)
        early, self._early = self._early, []
        for push in early:
            self._take_changes(push)
        if not self.is_synced:
            self.is_synced = True
            self.notes.link("synced")
            self.outbox.open(self._sender())

    def _take_membership(self, push: Push) -> None:
        assert isinstance(push.channel, dict)
        channel, head = int(str(push.channel["id"])), int(str(push.channel.get("head", 0)))
        self.notes.told(channel, push.action, head=head)
        if push.action == "joined":
            self.view.join(channel, head)
        elif push.action in ("removed", "left"):
            self._leave(channel)

    def _leave(self, channel: int) -> None:
        self.view.leave(channel)
        self._unread.pop(channel, None)

    # ---- what a resync left out, page by page ----

    def _read_after(self, channel: int, rev: int) -> None:
        # What another resync left out before may still be unread.
        self._unread[channel] = min(rev, self._unread.get(channel, rev))
        if channel not in self._reading:
            task = self._reading[channel] = asyncio.ensure_future(self._read_changes(channel))
            task.add_done_callback(lambda _: self._reading.pop(channel, None))

    async def _read_changes(self, channel: int) -> None:
        pause = self.habits.backoff
        while channel in self._unread and not self.is_stopping:
            since = self._unread[channel]
            try:
                door = self.chance.choice(self.doors)
                page = await changes_after(since, channel=channel, port=door.port, login=self.login)
            except (OSError, TimeoutError, ValueError):
                # Clients that ask again at once would keep a crowd with the same question from ever being answered.
                pause = min(2 * pause, PAGE_SECONDS)
                await asyncio.sleep(pause * self.chance.random())
                continue
            pause = self.habits.backoff
            for change in page.results:
                self.view.show(channel, change, live=False)
            if self._unread.get(channel) == since:
                self._go_on_after(channel, page)

    def _go_on_after(self, channel: int, page: Page) -> None:
        if page.next is None:
            del self._unread[channel]
        else:
            self._unread[channel] = page.results[-1].rev

    # ---- commands out ----

    def _sender(self) -> Callable[..., int]:
        # One for each connection, so that the outbox can tell them apart.
        return lambda op, **fields: self._send(op, **fields)

    def _send(self, op: str, **fields: object) -> int:
        assert self.socket is not None
        self._refs += 1
        self.socket.send({"op": op, "ref": self._refs, **fields})
        return self._refs

"""Connects the product with the machinery: the rows that delivery reads, the errors that mean that PostgreSQL is away, posting."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.conf import settings

from chat.allowances.counting import note_usage
from chat.allowances.messages import MessageAllowance
from chat.allowances.window import Usage
from chat.live.blocking import Blocking
from chat.live.lease_renewal import LeaseRenewals
from chat.live.minutes import MinuteNotes
from chat.live.presence.here import ProcessPresence
from chat.live.source import ChatSource
from chat.reads.blocks import apart_from
from chat.reads.opening import ChatOpening
from chat.reads.statistics import FigureNotes
from chat.services import Draft, check_draft, keep_leases
from delivery.bus.announcements import Announcement, Renewed
from delivery.commit.queue import Outcome
from delivery.live.socket import Socket
from delivery.node import Node, running, set_running
from delivery.source import Committed, Opening
from delivery.wire.errors import Refused

#: In a pool with so few connections reading threads do not keep theirs.
SMALL_POOL = 3


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that waits for its commit. Its outcome is the committed message or a refusal."""

    outcome: Outcome
    #: The rest of the sender's allowance; None without a limit.
    usage: Usage | None


class ChatNode(Node):
    def __init__(self) -> None:
        # A third of the pool is left to HTTP requests, which run in threads of their own.
        super().__init__(
            ChatSource(),
            settings.LIMITS,
            database_threads=max(1, settings.DATABASE_POOL * 2 // 3),
            # In a pool of two or three, kept connections would leave one or none for HTTP.
            reads_keep=settings.DATABASE_POOL > SMALL_POOL,
        )
        self.allowance = MessageAllowance(self.threads.read)
        self.blocking = Blocking(self.hub, lambda users: self.threads.read(apart_from, users))
        self.presence = ProcessPresence(self, kept_from=self.blocking.kept_from)
        self.leases = LeaseRenewals(lambda done: self.threads.run(keep_leases, done), self.nursery)
        self.notes = FigureNotes(self.counted)
        self.minutes = MinuteNotes(self.threads)

    async def start(self) -> None:
        await super().start()
        self.nursery.start(self.allowance.prepare())
        self.nursery.keep(self.presence.live)
        self.nursery.keep(self.notes.live)
        self.nursery.keep(self.minutes.live)

    def receive(self, announcement: Announcement) -> None:
        super().receive(announcement)
        self.presence.heard(announcement)
        # During a handshake the user is not known yet.
        if isinstance(announcement, Renewed) and (
            announcement.user_id in self.hub.sockets_of or self.openings.is_anybody_coming
        ):
            self.nursery.leave(self.blocking.look([announcement.user_id]))

    def learning(self) -> Callable[[Socket, Opening], None]:
        learn_openings, question = super().learning(), self.blocking.ask()

        def learn(socket: Socket, opening: Opening) -> None:
            assert isinstance(opening, ChatOpening)
            learn_openings(socket, opening)
            self.blocking.take(socket.user_id, question, opening.apart)

        return learn

    async def check_positions(self) -> None:
        await super().check_positions()
        await self.blocking.look_at_all()

    async def part(self, socket: Socket) -> None:
        self.presence.left(socket)
        await super().part(socket)

    async def post(self, draft: Draft) -> Posted:
        """The only way for messages into the log, for every door. When this returns the draft is queued; its outcome comes later.

        The verb checks the right to post, under the channel's lock. Raises Empty, TooLong, Invalid, RateLimited, QueueFull.
        """
        check_draft(draft)
        usage = await self.allowance.count(draft.sender, draft.client_msg_id)
        return Posted(self.queue.submit(draft), usage)

    async def stop(self) -> None:
        # Stopped before the parts on which it depends.
        await self.nursery.end()
        await self.presence.stop()
        await self.notes.stop()
        await super().stop()
        await self.allowance.close()


_starting: asyncio.Lock | None = None


async def running_node() -> ChatNode:
    """The node of this process; starts it if it does not run."""
    global _starting
    node = running()
    if isinstance(node, ChatNode):
        return node
    if _starting is None:
        _starting = asyncio.Lock()
    async with _starting:
        node = running()
        if not isinstance(node, ChatNode):
            node = ChatNode()
            await node.start()
            set_running(node)
    return node


def post_and_wait(draft: Draft) -> Committed:
    """Posts a message and waits for its outcome, for doors that run in a thread. Raises the refusal."""
    outcome, usage = async_to_sync(_posted)(draft)
    if usage is not None:
        note_usage(usage)
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


async def _posted(draft: Draft) -> tuple[Committed | Refused, Usage | None]:
    posted = await (await running_node()).post(draft)
    try:
        return await posted.outcome, posted.usage
    except Refused as refusal:
        return refusal, posted.usage


async def stop_node() -> None:
    node = running()
    if node is not None:
        set_running(None)
        await node.stop()

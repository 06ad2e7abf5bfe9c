"""The laws as a model: devices of three people on two processes, with announcements lost, repeated and reordered at will.

Real rows, real nodes; only the layer between the processes is the test's, which decides what is heard and when.
"""

import asyncio
import itertools
import uuid
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chat import services
from chat.live.source import ChatSource
from chat.models import Channel, Member, Message, User
from chat.services import log, posting
from delivery.bus.announcements import Announcement
from delivery.live.socket import Socket
from delivery.node import Node
from delivery.source import Committed
from tests.stage.listeners import Listener
from tests.stage.nodes import come_in

pytestmark = pytest.mark.django_db(transaction=True)

_names = itertools.count()


class Device:
    """One device of a person, with what it has seen over all its connections."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.head = 0
        self.view: dict[int, tuple[int, str]] = {}
        #: Where the view begins: what was before is history.
        self.begins = 0
        self.node = -1
        self.listener = Listener()
        self.socket: Socket | None = None
        self._taken = 0

    @property
    def is_connected(self) -> bool:
        return self.socket is not None and self.listener.closed is None

    @property
    def has_heard(self) -> bool:
        """Something came that it has not taken yet."""
        return len(self.listener.frames) > self._taken

    def take(self, channel: int, intervals: list[tuple[int, float]]) -> None:
        """Applies what has come, as the contract says a client does."""
        for frame in self.listener.frames[self._taken :]:
            if frame["op"] == "channel" and frame["channel"]["id"] == channel:
                self._reset(frame["channel"].get("head", 0))
            elif frame["op"] == "changes" and frame["channel"] == channel:
                assert frame["after"] == (self.head or frame["after"]), "a gap on a connection"
                for change in frame["changes"]:
                    self._see(change, intervals)
                self.head = frame["head"]
        self._taken = len(self.listener.frames)

    def _see(self, change: dict[str, Any], intervals: list[tuple[int, float]]) -> None:
        assert change["rev"] > self.head, "twice, or out of order"
        assert any(begin < change["rev"] < end for begin, end in intervals), "leaked to somebody who was not a member"
        self.view[change["seq"]] = (change["rev"], change["body"])

    def resynced(self, head: int) -> None:
        self._reset(head)

    def _reset(self, head: int) -> None:
        self.head = self.begins = head
        self.view = {}

    def connected(self, node: int, socket: Socket, listener: Listener) -> None:
        self.node, self.socket, self.listener, self._taken = node, socket, listener, 0


class Laws(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        number = next(_names)
        self.people = [services.create_user(f"{name}-{number}") for name in ("alice", "bob", "charlie")]
        self.ringing: list[list[Announcement]] = [[], []]
        self.original = log.announcing.announce
        log.announcing.announce = self._announce  # type: ignore[assignment]
        self.channel = services.open_channel(self.people[0], name="laws", kind="private", members=self.people[1:2])
        self.nodes = [self._run(self._new_node()) for _ in range(2)]
        self.devices = [Device(user) for user in self.people for _ in range(2)]
        self.accepted: dict[uuid.UUID, tuple[User, str]] = {}
        for place, node in enumerate((0, 1, 1, 0)):
            self.connect(place, node)

    def teardown(self) -> None:
        if not hasattr(self, "nodes"):
            return
        try:
            for node in self.nodes:
                self._run(node.check_positions())
            self._run(asyncio.sleep(0.02))
            self._everybody_has_everything()
        finally:
            log.announcing.announce = self.original  # type: ignore[assignment]
            for node in self.nodes:
                self._run(_end(node))
            left = asyncio.all_tasks(self.loop)
            self.loop.close()
            connections.close_all()
        assert not left, "a node leaves tasks behind"

    # ---- what people and machines do ----

    @rule(place=st.integers(0, 5), node=st.integers(0, 1))
    def connect(self, place: int, node: int) -> None:
        device = self.devices[place]
        if not device.is_connected:
            self._run(self._connect(device, node))

    @rule(place=st.integers(0, 5))
    def drop(self, place: int) -> None:
        self._drop(self.devices[place])

    @rule(place=st.integers(0, 5))
    def sync_again(self, place: int) -> None:
        device = self.devices[place]
        if device.is_connected and device.head:
            self._take_all()
            self._run(self._sync(device))

    @rule(who=st.integers(0, 2), count=st.integers(1, 4))
    def say(self, who: int, count: int) -> None:
        drafts = [self._draft(self.people[who], uuid.uuid4(), f"{len(self.accepted)}.{n}") for n in range(count)]
        for draft, outcome in zip(drafts, posting.post_messages(drafts), strict=True):
            assert isinstance(outcome, Committed) == self._is_member(self.people[who])
            if isinstance(outcome, Committed):
                self.accepted[draft.client_msg_id] = (self.people[who], draft.body)

    @precondition(lambda self: self.accepted)
    @rule(pick=st.integers(0, 100))
    def repeat(self, pick: int) -> None:
        key, (user, body) = list(self.accepted.items())[pick % len(self.accepted)]
        [outcome] = posting.post_messages([self._draft(user, key, body)])
        assert isinstance(outcome, Committed)
        assert outcome.duplicate

    @precondition(lambda self: self.accepted)
    @rule(pick=st.integers(0, 100), is_edit=st.booleans())
    def change(self, pick: int, is_edit: bool) -> None:
        key, (user, _) = list(self.accepted.items())[pick % len(self.accepted)]
        row = Message.objects.get(sender=user, client_msg_id=key)
        if self._is_member(user) and row.deleted_at is None:
            if is_edit:
                services.edit_message(user, channel=self.channel.pk, message=row.pk, body=row.body + "'")
            else:
                services.delete_message(user, channel=self.channel.pk, message=row.pk)

    @rule(who=st.integers(1, 2))
    def add_or_remove(self, who: int) -> None:
        verb = services.remove_member if self._is_member(self.people[who]) else services.add_member
        verb(self.people[0], channel=self.channel.pk, user=self.people[who])  # type: ignore[operator]

    @rule(node=st.integers(0, 1), pick=st.integers(0, 100), is_kept=st.booleans())
    def hear(self, node: int, pick: int, is_kept: bool) -> None:
        ringing = self.ringing[node]
        if ringing:
            place = pick % len(ringing)
            announcement = ringing[place] if is_kept else ringing.pop(place)
            self._run(self._receive(node, announcement))

    @rule(node=st.integers(0, 1))
    def lose(self, node: int) -> None:
        self.ringing[node].clear()

    @rule(node=st.integers(0, 1))
    def check(self, node: int) -> None:
        self._run(self.nodes[node].check_positions())

    @rule(node=st.integers(0, 1))
    def restart(self, node: int) -> None:
        for device in self.devices:
            if device.node == node:
                self._drop(device)
        self._run(_end(self.nodes[node]))
        self.ringing[node].clear()
        self.nodes[node] = self._run(self._new_node())

    # ---- what must hold ----

    @invariant()
    def nobody_sees_what_is_not_theirs_nor_twice_nor_out_of_order(self) -> None:
        if hasattr(self, "devices"):
            self._take_all()

    def _everybody_has_everything(self) -> None:
        self._take_all()
        rows = {row.seq: (row.rev, row.body) for row in Message.objects.filter(channel=self.channel)}
        head = Channel.objects.get(pk=self.channel.pk).head
        assert max(rev for rev, _ in rows.values()) == head
        assert {key for (key,) in Message.objects.filter(kind="text").values_list("client_msg_id")} >= set(
            self.accepted
        )
        for device in self.devices:
            if device.is_connected and self._is_member(device.user):
                assert device.head == head, f"{device.user} is at {device.head} of {head}"
                # Everything that was said since the device began, and the newest state of whatever it has ever seen.
                missing = [seq for seq in rows if seq > device.begins and seq not in device.view]
                assert not missing, f"{device.user} has not seen {missing}"
                assert all(rows[seq] == seen for seq, seen in device.view.items())

    # ---- how it is done ----

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def _announce(self, announcements: Sequence[Announcement]) -> None:
        for ringing in self.ringing:
            ringing.extend(announcements)

    def _draft(self, user: User, key: uuid.UUID, body: str) -> services.Draft:
        return services.Draft(channel=self.channel.pk, sender=user.pk, client_msg_id=key, body=body)

    def _is_member(self, user: User) -> bool:
        return Member.objects.filter(channel=self.channel, user=user).exists()

    def _intervals(self) -> dict[int, list[tuple[int, float]]]:
        """Of each person (begin, end): the numbers between them were theirs to see."""
        intervals: dict[int, list[tuple[int, float]]] = {user.pk: [] for user in self.people}
        said = Message.objects.filter(channel=self.channel, kind="system").order_by("rev").values_list("rev", "event")
        for rev, event in said:
            mine = intervals.get(event.get("user"), [])
            if event["type"] == "member.joined":
                mine.append((rev, float("inf")))
            elif mine:
                mine[-1] = (mine[-1][0], rev)
        return intervals

    def _take_all(self) -> None:
        if any(device.has_heard for device in self.devices):
            intervals = self._intervals()
            for device in self.devices:
                device.take(self.channel.pk, intervals[device.user.pk])

    async def _new_node(self) -> Node:
        return Node(ChatSource(), django_settings.LIMITS, database_threads=2)

    async def _connect(self, device: Device, place: int) -> None:
        node, listener = self.nodes[place], Listener()
        socket = await come_in(node, device.user, listener, soft_bytes=10**6, most_frames=10**6)
        device.connected(place, socket, listener)
        await self._sync(device)

    async def _sync(self, device: Device) -> None:
        assert device.socket is not None
        node = self.nodes[device.node]
        held = {self.channel.pk: device.head} if self.channel.pk in device.socket.accesses else {}
        states = await node.catching_up.sync(device.socket, held)
        state = states.get(self.channel.pk)
        if state is None:
            device.resynced(0)
        elif state.resync or not device.head:
            # Loaded afresh from history, up to this head.
            device.resynced(state.head)

    async def _receive(self, node: int, announcement: Announcement) -> None:
        self.nodes[node].receive(announcement)
        await asyncio.sleep(0.001)

    def _drop(self, device: Device) -> None:
        if device.socket is not None:
            self._take_all()
            self._run(self.nodes[device.node].part(device.socket))
            device.socket = None


async def _end(node: Node) -> None:
    await node.nursery.end()
    node.close_threads()


TestLaws = Laws.TestCase
TestLaws.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
TestLaws.pytestmark = pytestmark

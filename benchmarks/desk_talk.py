"""200 visitors and 20 agents talk beside the team's chat: when the desk hears of it, and how late the clockwork is."""

import argparse
import asyncio
import datetime
import re
import time
import urllib.request
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import uvloop
from django.db import connection

from benchmarks.desk_filled import FilledDesk
from benchmarks.fanout import WebProcess, measure, prepare
from chat.models import Channel, Conversation, Message
from chat.services.visitors import new_visit_token
from chat.support import services
from delivery.load.rawsocket import RawSocket
from delivery.load.tally import quantiles

PORT = 18180
PROCESSES, VISITORS, EXCHANGES_A_SECOND, SECONDS = 2, 200, 20, 20.0
#: The team's chat beside: a full channel.
TEAM, TEAM_SENDERS, TEAM_RATE = 100, 10, 1.0
#: So many snoozes and so many leases end meanwhile.
ENDING = 100
NAME = "Talker"
#: What the clockwork does by then is all that it will.
SETTLE_SECONDS = 5.0

_ENDING = """
UPDATE conversations SET {ends} = clock_timestamp() + interval '1 second' * (2 + random() * %s) WHERE channel_id IN (
    SELECT channel_id FROM conversations WHERE desk_id = %s AND state <> 'resolved' AND {of} ORDER BY channel_id LIMIT %s
) RETURNING channel_id, {ends}
"""
_ENDED = ("conversation.reopened", "conversation.lapsed")
_LATE = re.compile(rb"^gapless_clockwork_late_seconds\{[^}]*\} (\S+)$", re.MULTILINE)


class _Event(msgspec.Struct):
    type: str
    conversation: int | None = None


class _Sender(msgspec.Struct):
    id: int


class _Change(msgspec.Struct):
    seq: int
    kind: str
    sender: _Sender
    event: _Event | None = None


class _Frame(msgspec.Struct):
    op: str
    ref: int | None = None
    code: Any = None
    channel: Any = None
    user: _Sender | None = None
    changes: list[_Change] = []


_decoder = msgspec.json.Decoder(_Frame)


@dataclass(frozen=True)
class Talk:
    """One visitor's conversation, and which of the agents holds it."""

    conversation: int
    visitor: str
    agent: int


@dataclass
class Heard:
    """The changes of the queue: the time of each, and the seconds until each agent got it."""

    agents: int
    desk: int
    said_at: dict[tuple[int, str], float] = field(default_factory=dict)
    missing: dict[tuple[int, str], int] = field(default_factory=dict)
    pushes: list[float] = field(default_factory=list)
    exchanges: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def say(self, conversation: int, kind: str) -> None:
        self.said_at[conversation, kind] = time.perf_counter()
        self.missing[conversation, kind] = self.agents

    def hear(self, event: _Event) -> None:
        about = (event.conversation or 0, event.type)
        if self.missing.get(about):
            self.missing[about] -= 1
            self.pushes.append(time.perf_counter() - self.said_at[about])


class Talker(RawSocket):
    """Synced from now on. `on_said` hears what others say: the conversation and the number."""

    def __init__(self, token: str, port: int, heard: Heard, on_said: "Callable[[Talker, int, int], None]") -> None:
        super().__init__(f"Authorization: Bearer {token}", self._read, host=f"localhost:{port}")
        self._heard = heard
        self._on_said = on_said
        self._user = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def post(self, conversation: int, kind: str, **more: object) -> None:
        self._heard.say(conversation, kind)
        said = {"channel": conversation, "client_msg_id": str(uuid.uuid4()), "body": "Where is it now?"}
        self.send({"op": "message.post", "ref": 1, **said, **more})

    def _read(self, payload: bytes) -> None:
        frame = _decoder.decode(payload)
        if frame.op == "hello" and frame.user is not None:
            self._user = frame.user.id
            self.send({"op": "sync", "ref": 0, "channels": {}})
        elif frame.op == "ok" and frame.ref == 0:
            self.ready.set_result(None)
        elif frame.op == "error":
            self._heard.refused.append(str(frame.code))
        for change in frame.changes:
            if frame.channel != self._heard.desk and change.kind == "text" and change.sender.id != self._user:
                self._on_said(self, frame.channel, change.seq)
            # All agents hear the desk; each counts for itself.
            elif frame.channel == self._heard.desk and change.event is not None:
                self._heard.hear(change.event)


def talk(desk: FilledDesk) -> dict[str, Any]:
    """Milliseconds until an agent hears of a wait or an answer, of a whole exchange, and by how much the clockwork was late."""
    talks = _lay_out(desk)
    team, team_tokens = prepare(TEAM)
    head = Channel.objects.get(pk=desk.inbox.desk_id).head
    servers = [WebProcess(PORT + place) for place in range(PROCESSES)]
    try:
        for server in servers:
            server.wait_ready()
        figures, ending = uvloop.run(_talk(desk, talks, team, team_tokens, servers))
    finally:
        for server in servers:
            server.process.terminate()
        for server in servers:
            server.process.wait(40)
    return {**figures, "talk: clockwork late": _lateness(desk, head, ending)}


async def _talk(
    desk: FilledDesk, talks: Sequence[Talk], team: int, team_tokens: list[str], servers: list[WebProcess]
) -> tuple[dict[str, Any], dict[int, datetime.datetime]]:
    heard = Heard(len(desk.agents), desk.inbox.desk_id)
    held = [frozenset(one.conversation for one in talks if one.agent == place) for place in range(len(desk.agents))]

    def answers_in(conversations: frozenset[int]) -> Callable[[Talker, int, int], None]:
        def answer(agent: Talker, conversation: int, seq: int) -> None:
            if conversation in conversations:
                agent.post(conversation, "conversation.answered", seen_seq=seq)

        return answer

    def answered(visitor: Talker, conversation: int, seq: int) -> None:
        heard.exchanges.append(time.perf_counter() - heard.said_at[conversation, "conversation.waiting"])

    agents = [
        await _come(token, servers[place % len(servers)].port, heard, answers_in(held[place]))
        for place, token in enumerate(desk.tokens)
    ]
    visitors = [
        await _come(one.visitor, servers[place % len(servers)].port, heard, answered) for place, one in enumerate(talks)
    ]
    ending = await asyncio.to_thread(_begin_endings, desk)
    told: list[float] = []
    watching = asyncio.ensure_future(_watch_metrics(servers, told))
    options = argparse.Namespace(
        sockets=TEAM, senders=TEAM_SENDERS, rate=TEAM_RATE, window=0, seconds=SECONDS, kill=False
    )
    beside = asyncio.ensure_future(measure(options, team, team_tokens, servers))
    await _ask_all(talks, visitors)
    chat = await beside
    await asyncio.sleep(SETTLE_SECONDS)
    watching.cancel()
    for socket in (*agents, *visitors):
        socket.abort()
    return {
        "talk: desk pushes ms": quantiles(heard.pushes),
        "talk: exchanges": {"asked": EXCHANGES_A_SECOND * SECONDS, "answered_ms": quantiles(heard.exchanges)},
        "talk: wrong": {"unheard": sum(heard.missing.values()), "refused": heard.refused[:5]},
        "talk: team beside": {name: chat[name] for name in ("send_to_last_receiver_ms", "lost", "gaps")},
        "talk: web CPU seconds": chat["web_cpu_seconds"],
        "talk: clockwork late, as /metrics says": max(told, default=None),
    }, ending


async def _come(token: str, port: int, heard: Heard, on_said: Callable[[Talker, int, int], None]) -> Talker:
    loop = asyncio.get_running_loop()
    _, talker = await loop.create_connection(lambda: Talker(token, port, heard, on_said), "127.0.0.1", port)
    await talker.ready
    return talker


async def _ask_all(talks: Sequence[Talk], visitors: Sequence[Talker]) -> None:
    """One after the other, evenly: each asks again only long after the answer."""
    start = time.perf_counter()
    for number in range(int(EXCHANGES_A_SECOND * SECONDS)):
        await asyncio.sleep(max(0.0, start + number / EXCHANGES_A_SECOND - time.perf_counter()))
        place = number % len(talks)
        visitors[place].post(talks[place].conversation, "conversation.waiting")


async def _watch_metrics(servers: Sequence[WebProcess], told: list[float]) -> None:
    while True:
        for server in servers:
            page = await asyncio.to_thread(_metrics_of, server.port)
            told += [float(value) for value in _LATE.findall(page)]
        await asyncio.sleep(1)


def _metrics_of(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        page: bytes = answer.read()
    return page


def _begin_endings(desk: FilledDesk) -> dict[int, datetime.datetime]:
    """For filled conversations: sets when each snooze or lease ends."""
    ending: dict[int, datetime.datetime] = {}
    with connection.cursor() as cursor:
        for ends, of in (
            ("snoozed_until", "state = 'snoozed'"),
            ("lease_until", "assignee_id IS NOT NULL AND waiting_since IS NOT NULL"),
        ):
            given = [SECONDS - 2, desk.inbox.desk_id, ENDING]
            cursor.execute(_ENDING.format(ends=ends, of=of), given)
            ending |= dict(cursor.fetchall())
    connection.close()
    return ending


def _lateness(desk: FilledDesk, head: int, ending: dict[int, datetime.datetime]) -> dict[str, Any]:
    """By the desk's log: of each that ended, how long after its time it was said."""
    lines = Message.objects.filter(channel=desk.inbox.desk_id, seq__gt=head, event__type__in=_ENDED)
    late = {
        event["conversation"]: (at - ending[event["conversation"]]).total_seconds()
        for event, at in lines.values_list("event", "created_at")
        if event["conversation"] in ending
    }
    return {"ended": len(ending), "said": len(late), "ms": quantiles(late.values())}


def _lay_out(desk: FilledDesk) -> list[Talk]:
    """Each visitor with an answered conversation that an agent holds, the same in every run."""
    known = list(Conversation.objects.filter(desk=desk.inbox.desk_id, visitor__display_name=NAME).order_by("pk"))
    for _ in range(VISITORS - len(known)):
        visitor, _secret = services.create_visit(desk.inbox, display_name=NAME)
        begun, _ = services.begin(visitor, client_msg_id=uuid.uuid4(), body="Where is my parcel?")
        known.append(begun)
    talks = []
    for place, conversation in enumerate(known[:VISITORS]):
        agent = place % len(desk.agents)
        services.take_over(desk.agents[agent], conversation=conversation.pk)
        head = Channel.objects.get(pk=conversation.pk).head
        services.answer(
            desk.agents[agent], conversation=conversation.pk, client_msg_id=uuid.uuid4(), body="Yes?", seen_seq=head
        )
        talks.append(Talk(conversation.pk, new_visit_token(conversation.visitor), agent))
    return talks

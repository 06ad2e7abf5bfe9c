"""A1: an agent who was away has the queue that the others have, from the desk's log alone."""

from typing import Any

from chat.models import Conversation
from tests.conftest import in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect
from tests.stage.support import Desk, visit

#: What an event of the desk says of a conversation, and a list shows.
SHOWN = ("state", "assignee", "lease_until", "waiting_since", "snoozed_until", "episode")


class QueueKept:
    """A list of the queue, kept from the changes of the desk's log."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}

    def follow(self, changes: list[dict[str, Any]]) -> None:
        for change in changes:
            event = change.get("event") or {}
            if "conversation" in event:
                self.rows[event["conversation"]] = {name: event[name] for name in SHOWN}

    @property
    def unresolved(self) -> dict[int, dict[str, Any]]:
        return {pk: row for pk, row in self.rows.items() if row["state"] != "resolved"}


def listed(desk: Desk, server: Server) -> dict[int, dict[str, Any]]:
    with desk.http(server, desk.ada) as ada:
        rows = ada.get("/conversations/", params={"inbox": desk.inbox.pk, "page_size": 100}).json()["results"]
    found = {row["id"]: {name: row[name] for name in SHOWN} for row in rows}
    return {pk: {**row, "assignee": row["assignee"] and row["assignee"]["id"]} for pk, row in found.items()}


async def test_a1_after_a_cut_an_agents_list_is_what_the_server_lists(servers: list[Server], desk: Desk) -> None:
    first, second = servers
    old = [await in_thread(begin, desk, f"before {n}") for n in range(2)]
    queue, channel = QueueKept(), desk.inbox.desk_id
    async with Listening(first.ws, token=desk.token(desk.ada), heads={}) as ada:
        queue.follow(await in_thread(changes_of, desk, first))
        held = ada.heads.get(channel) or next(c["head"] for c in ada.hello["channels"] if c["id"] == channel)
    new = [await in_thread(begin, desk, f"meanwhile {n}") for n in range(5)]
    for pk, act in ((new[0], "claim"), (old[0], "claim"), (new[1], "resolve"), (old[1], "pending")):
        answer = await in_thread(done, desk, second, pk, act)
        assert answer == 200, act
    async with Listening(second.ws, token=desk.token(desk.ada), heads={channel: held}) as ada:
        await expect(lambda: len(ada.changes.get(channel, [])) >= 9)
        queue.follow(ada.changes[channel])
        assert ada.gaps == 0
        assert queue.unresolved == await in_thread(listed, desk, second)
        # And on: what happens now comes by itself.
        assert await in_thread(done, desk, first, new[2], "claim") == 200
        await expect(lambda: ada.changes[channel][-1]["event"]["type"] == "conversation.claimed")
        queue.follow(ada.changes[channel])
        assert queue.unresolved == await in_thread(listed, desk, first)


def begin(desk: Desk, body: str) -> int:
    # Each of another visitor: somebody begins six an hour.
    conversation: Conversation = visit(desk.inbox, "Vera").begin(body)
    return conversation.pk


def done(desk: Desk, server: Server, conversation: int, act: str) -> int:
    with desk.http(server, desk.ben) as ben:
        return ben.post(f"/conversations/{conversation}/{act}/").status_code


def changes_of(desk: Desk, server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        server.http(desk.token(desk.ada)).get(f"/channels/{desk.inbox.desk_id}/changes/").json()["results"]
    )
    return found

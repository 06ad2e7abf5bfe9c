"""A4: work holds a conversation, an open socket does not."""

import asyncio
import time
import uuid

import httpx

from chat.models import Conversation
from tests.conftest import in_thread, said
from tests.stage.servers import Server, expect
from tests.stage.support import Desk, Visit

LEASE_SECONDS = 3


def assignee_of(http: httpx.Client, conversation: Conversation) -> int | None:
    found = http.get(f"/conversations/{conversation.pk}/").json()["assignee"]
    return None if found is None else int(found["id"])


async def test_a4_who_answers_over_http_keeps_it_and_an_open_tab_loses_it(
    server: Server, desk: Desk, vera: Visit
) -> None:
    with desk.http(server, desk.sue) as sue, desk.http(server, desk.ada) as ada, desk.http(server, desk.ben) as ben:
        sue.patch(f"/inboxes/{desk.inbox.pk}/", json={"lease_seconds": LEASE_SECONDS})
        answered, looked_at, left = await in_thread(lambda: [vera.begin(f"question {n}") for n in range(3)])
        assert ada.post(f"/conversations/{answered.pk}/claim/").status_code == 200
        for conversation in (looked_at, left):
            assert ben.post(f"/conversations/{conversation.pk}/claim/").status_code == 200

        def answer() -> None:
            """And the customer asks on: somebody waits all the time."""
            given = {"client_msg_id": str(uuid.uuid4()), "body": "let me see"}
            assert ada.post(f"/conversations/{answered.pk}/answer/", json=given).status_code == 201
            said(vera.visitor, answered.channel, "and?")

        # ben's tab is open at all of his, and he looks at one of them.
        async with server.connect(desk.token(desk.ben)) as tab:
            until = time.monotonic() + 2 * LEASE_SECONDS
            while time.monotonic() < until:
                await in_thread(answer)
                await tab.command("viewing", channel=looked_at.pk, on=True)
                await asyncio.sleep(0.2)
            await expect(lambda: in_thread(lambda: assignee_of(sue, left) is None))
            assert assignee_of(sue, answered) == desk.ada.pk
            assert assignee_of(sue, looked_at) == desk.ben.pk

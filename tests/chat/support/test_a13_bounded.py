"""A13: opening the widget makes no row, who writes too much is told so, a flood slows nobody, a block ends token and socket."""

import datetime
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles

import httpx
import pytest

from chat import clock
from chat.allowances.table import VISITS
from chat.models import AuditEntry, Channel, Conversation, Token, User
from chat.reads.logins import token_of
from chat.support import services
from chat.support.models import Contact
from delivery.wire.errors import NotFound
from tests.conftest import in_thread
from tests.stage.counting import has_done, time_passes
from tests.stage.listening import Listening
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, support_api, visit


def rows() -> dict[str, int]:
    return {kind.__name__: kind.objects.count() for kind in (User, Token, Contact, Channel, Conversation)}


def test_a13_opening_the_widget_makes_no_row_and_sets_no_cookie(server: Server, desk: Desk) -> None:
    before = rows()
    for path in ("/widget.js", f"/widget/{desk.inbox.key}/", f"/api/v1/support/{desk.inbox.key}/"):
        answer = httpx.get(server.url + path, trust_env=False)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert rows() == before


def test_a13_the_seventh_conversation_an_hour_is_refused_in_words(server: Server, desk: Desk, vera: Visit) -> None:
    http = support_api(server, vera.secret)
    said = [{"client_msg_id": str(uuid.uuid4()), "body": f"question {n}"} for n in range(7)]
    assert [http.post("/conversations/", json=each).status_code for each in said] == [201] * 6 + [429]
    refused = http.post("/conversations/", json=said[6])
    assert "6 conversations an hour" in refused.json()["detail"]
    assert int(refused.headers["Retry-After"]) > 3000
    # What was said before is found all the same.
    assert http.post("/conversations/", json=said[0]).status_code == 200


def test_a13_a_flood_of_one_visitor_keeps_nobody_waiting(server: Server, desk: Desk, vera: Visit) -> None:
    vito, other = visit(desk.inbox, "Vito"), vera.begin()
    calm = vito.begin()
    flood, quiet = (
        httpx.Client(base_url=f"{server.url}/api/v1", headers=v.headers, trust_env=False) for v in (vera, vito)
    )

    def post(http: httpx.Client, conversation: Conversation) -> float:
        began = time.perf_counter()
        body = {"client_msg_id": str(uuid.uuid4()), "body": "hi"}
        http.post(f"/channels/{conversation.pk}/messages/", json=body).raise_for_status()
        return time.perf_counter() - began

    alone = [post(quiet, calm) for _ in range(20)]
    with ThreadPoolExecutor(4) as pool:
        flooding = [pool.submit(post, flood, other) for _ in range(200)]
        beside = [post(quiet, calm) for _ in range(20)]
        assert not flooding[-1].done(), "the flood has to last as long as the measurement"
        for each in flooding:
            each.result()
    # (One processor serves both here: what is held is that the other waits for its turn, not for the end of the flood.)
    assert quantiles(beside, n=20)[-1] < quantiles(alone, n=20)[-1] * 10 + 0.2


@pytest.mark.holds("address_visits_per_hour")
def test_a_thousand_visits_an_hour_begin_from_one_address_and_not_one_more(server: Server, desk: Desk) -> None:
    visits = f"{server.url}/api/v1/support/{desk.inbox.key}/visits/"
    assert httpx.post(visits, json={}, trust_env=False).status_code == 201
    has_done(999, allowance=VISITS, whose="127.0.0.1")
    assert httpx.post(visits, json={}, trust_env=False).status_code == 429
    time_passes(3601, allowance=VISITS, whose="127.0.0.1")
    assert httpx.post(visits, json={}, trust_env=False).status_code == 201


async def test_a13_a_block_ends_token_and_sockets_on_every_process(
    servers: list[Server], desk: Desk, vera: Visit
) -> None:
    conversation = await in_thread(vera.begin)
    async with (
        Listening(servers[0].ws, token=vera.secret, heads={}) as here,
        Listening(servers[1].ws, token=vera.secret, heads={}) as there,
    ):
        ada = desk.http(servers[1], desk.ada)
        answer = await in_thread(ada.post, f"/visitors/{vera.visitor.pk}/block/", json={"reason": "abuse"})
        assert answer.status_code == 204
        assert [(await socket.wait_closed())[0] for socket in (here, there)] == [4500, 4500]
    path = f"/api/v1/channels/{conversation.pk}/messages/"
    for server in servers:
        assert httpx.get(server.url + path, headers=vera.headers, trust_env=False).status_code == 401
    assert await in_thread(AuditEntry.objects.filter(act="contact.blocked", actor=desk.ada, reason="abuse").count) == 1


def test_a13_who_is_no_agent_of_the_inbox_blocks_nobody(desk: Desk, vera: Visit) -> None:
    for somebody in (desk.dan, vera.visitor):
        with pytest.raises(NotFound):
            services.block_contact(somebody, visitor=vera.visitor.pk)
    services.block_contact(desk.ada, visitor=vera.visitor.pk)
    services.block_contact(desk.ada, visitor=vera.visitor.pk)
    services.unblock_contact(desk.ben, visitor=vera.visitor.pk)
    assert Contact.objects.get().blocked_at is None
    assert AuditEntry.objects.filter(act__startswith="contact.").count() == 2


@pytest.mark.holds("visit_days")
def test_a_visit_holds_thirty_days_after_its_last_use(
    standing_clock: datetime.datetime, desk: Desk, vera: Visit
) -> None:
    day = datetime.timedelta(days=1)
    with clock.at(standing_clock + 29 * day):
        assert token_of(vera.secret) is not None
    # It was used then, and holds thirty days from there.
    with clock.at(standing_clock + 58 * day):
        assert token_of(vera.secret) is not None
    with clock.at(standing_clock + 89 * day):
        assert token_of(vera.secret) is None

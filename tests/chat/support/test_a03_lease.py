"""A3: an assignee who has gone loses the conversation, and the customer keeps their place, whatever dies meanwhile."""

from collections.abc import Callable

from chat.models import AuditEntry
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, visit, wait_until


def test_a3_a_lapsed_lease_gives_the_conversation_back_at_its_old_place_though_every_process_is_killed(
    own_server: Callable[..., Server], desk: Desk, vera: Visit
) -> None:
    server = own_server()
    with desk.http(server, desk.sue) as sue, desk.http(server, desk.ada) as ada:
        assert sue.patch(f"/inboxes/{desk.inbox.pk}/", json={"lease_seconds": 2}).status_code == 200
        first = vera.begin()
        later = visit(desk.inbox, "Vito").begin()
        claimed = ada.post(f"/conversations/{first.pk}/claim/").json()
        assert claimed["assignee"]["id"] == desk.ada.pk
        server.kill()
    # Nobody is there when the lease ends: who comes up finds it.
    server = own_server()
    with desk.http(server, desk.ben) as ben:

        def is_free() -> bool:
            return ben.get(f"/conversations/{first.pk}/").json()["assignee"] is None

        wait_until(is_free, within=2 + 3)
        found = ben.get(f"/conversations/{first.pk}/").json()
        assert found["waiting_since"] == claimed["waiting_since"]
        queue = ben.get("/conversations/", params={"whose": "unassigned"}).json()["results"]
        assert [row["id"] for row in queue] == [first.pk, later.pk]
    [entry] = AuditEntry.objects.filter(act="support.lapsed", channel=first.pk)
    assert entry.whom_id == desk.ada.pk
    changes = server.http(vera.secret).get(f"/channels/{first.pk}/changes/", params={"since": 0}).json()["results"]
    told = [change.get("event") for change in changes]
    assert told.count({"type": "conversation.lapsed"}) == 1

"""A5: no agent holds more than their capacity, however many conversations begin at once, and none waits while there is room."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from chat.models import Conversation
from tests.stage.servers import Server
from tests.stage.support import Desk, support_api, visit, wait_until


def begin(server: Server, secret: str) -> int:
    with support_api(server, secret) as http:
        answer = http.post("/conversations/", json={"client_msg_id": str(uuid.uuid4()), "body": "hello"})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])


def test_a5_the_fourth_waits_and_is_given_within_two_seconds_of_room(server: Server, desk: Desk) -> None:
    with desk.http(server, desk.sue) as sue, desk.http(server, desk.ada) as ada:
        for user in (desk.sue, desk.ben, desk.cleo):
            with desk.http(server, user) as http:
                assert http.patch("/agents/me/", json={"accepting": False}).json()["accepting"] is False
        assert sue.patch(f"/inboxes/{desk.inbox.pk}/", json={"routing": "turns", "capacity": 3}).status_code == 200
        ids = [begin(server, visit(desk.inbox, f"V{n}").secret) for n in range(4)]

        def mine() -> list[int]:
            return [row["id"] for row in ada.get("/conversations/", params={"whose": "mine"}).json()["results"]]

        wait_until(lambda: len(mine()) == 3)
        assert mine() == ids[:3]
        assert ada.get("/agents/me/").json()["inboxes"][0]["held"] == 3
        assert (refused := ada.post(f"/conversations/{ids[3]}/claim/")).status_code == 409
        assert refused.json()["code"] == "at_capacity"
        assert ada.post(f"/conversations/{ids[0]}/resolve/").status_code == 200
        wait_until(lambda: ids[3] in mine(), within=2)


def test_a5_a_hundred_at_once_on_four_processes_are_spread_evenly_and_fill_nobody_too_much(
    processes: list[Server], server: Server, desk: Desk
) -> None:
    doors = [*processes, server]
    with desk.http(server, desk.sue) as sue:
        assert sue.patch(f"/inboxes/{desk.inbox.pk}/", json={"routing": "least", "capacity": 3}).status_code == 200
    visitors = [visit(desk.inbox, f"V{n}") for n in range(100)]

    def all_begin() -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda place: begin(doors[place % 4], visitors[place].secret), range(100)))

    def held() -> Counter[int]:
        rows = Conversation.objects.filter(desk=desk.inbox.desk_id, assignee__isnull=False)
        return Counter(rows.values_list("assignee", flat=True))

    def claims() -> None:
        """Everybody also takes what they can get, at the same moment as it is given."""
        free = Conversation.objects.filter(desk=desk.inbox.desk_id, assignee=None).values_list("pk", flat=True)[:5]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(_claim, [(doors[pk % 4], desk.token(user), pk) for pk in free for user in agents]))

    agents = [desk.sue, desk.ada, desk.ben, desk.cleo]
    all_begin()
    wait_until(lambda: sum(held().values()) == 12)
    assert set(held().values()) == {3}
    claims()
    assert set(held().values()) == {3}


def _claim(given: tuple[Server, str, int]) -> None:
    server, token, conversation = given
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http:
        answer = http.post(f"{server.url}/api/v1/support/conversations/{conversation}/claim/")
        assert answer.status_code == 409, answer.text
        assert answer.json()["code"] in ("at_capacity", "claimed")

"""Bad input at the desk's doors: each is refused with a code and a sentence, and nothing is lost."""

import datetime
import uuid
from typing import Any

import httpx
import pytest

from chat import clock
from chat.models import Channel, Conversation, Message
from chat.support import services
from chat.support.models import Inbox
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, support_api
from tests.stage.support import visit as visit_of


def said(body: str = "hello") -> dict[str, str]:
    return {"client_msg_id": str(uuid.uuid4()), "body": body}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code; the sentence is one."""
    problem = answer.json()
    assert problem["detail"][0].isupper(), problem
    assert problem["detail"][-1] in ".:", problem
    return answer.status_code, problem["code"]


def test_an_inbox_that_is_switched_off_takes_nothing_new_and_what_has_begun_goes_on(
    server: Server, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    other = visit_of(desk.inbox, "Otto")
    services.change_inbox(desk.sue, inbox=desk.inbox.pk, is_enabled=False)
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        for key in (desk.inbox.key, "nobodys"):
            assert refusal(http.get(f"/api/v1/support/{key}/")) == (404, "not_found")
            assert refusal(http.post(f"/api/v1/support/{key}/visits/", json={})) == (404, "not_found")
            assert http.get(f"/widget/{key}/").status_code == 404
    with support_api(server, other.secret) as http:
        assert refusal(http.post("/conversations/", json=said())) == (404, "not_found")
    assert server.http(vera.secret).post(f"/channels/{conversation.pk}/messages/", json=said()).status_code == 201
    with desk.http(server, desk.ada) as ada:
        assert ada.post(f"/conversations/{conversation.pk}/claim/").status_code == 200


def test_a_customer_does_nothing_that_is_the_staffs(server: Server, vera: Visit, conversation: Conversation) -> None:
    head = Channel.objects.get(pk=conversation.pk).head
    with support_api(server, vera.secret) as own:
        one = f"/conversations/{conversation.pk}/"
        for act, body in {
            **{act: {} for act in ("claim/", "release/", "take-over/", "pending/", "resolve/", "reopen/")},
            **{act: said() for act in ("note/", "answer/")},
            "assign/": {"agent": vera.visitor.pk},
            "snooze/": {"until": (clock.now() + datetime.timedelta(days=1)).isoformat()},
        }.items():
            assert refusal(own.post(one + act, json=body)) == (403, "forbidden"), act
        for score in (0, 6, -1, 2**40):
            assert refusal(own.post(one + "rating/", json={"score": score})) == (400, "invalid")
    assert Channel.objects.get(pk=conversation.pk).head == head


def test_with_a_capacity_of_none_nothing_is_claimed(server: Server, desk: Desk, conversation: Conversation) -> None:
    Inbox.objects.update(capacity=0)
    with desk.http(server, desk.ada) as ada, desk.http(server, desk.dan) as dan:
        assert refusal(ada.post(f"/conversations/{conversation.pk}/claim/")) == (409, "at_capacity")
        assert refusal(dan.post(f"/conversations/{conversation.pk}/claim/")) == (404, "not_found")
    assert Conversation.objects.get(pk=conversation.pk).assignee is None


@pytest.mark.parametrize(
    "spans",
    [
        [{"weekday": 0, "opens": "09:00", "closes": "12:00"}, {"weekday": 0, "opens": "11:00", "closes": "17:00"}],
        [{"weekday": 0, "opens": "12:00", "closes": "09:00"}],
        [{"weekday": 7, "opens": "09:00", "closes": "12:00"}],
    ],
)
def test_hours_that_overlap_are_refused(server: Server, desk: Desk, spans: list[Any]) -> None:
    with desk.http(server, desk.sue) as sue:
        given = {"name": "Odd", "time_zone": "Europe/Berlin", "spans": spans}
        assert refusal(sue.post("/hours/", json=given)) == (400, "invalid")


def test_what_is_resolved_opens_again_for_a_while_and_then_another_one_begins(
    server: Server, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    path = f"/channels/{conversation.pk}/messages/"
    services.resolve(desk.ada, conversation=conversation.pk)
    with server.http(vera.secret) as own:
        assert own.post(path, json=said("It is late again.")).status_code == 201
        assert Conversation.objects.get(pk=conversation.pk).state == "open"
        services.resolve(desk.ada, conversation=conversation.pk)
        Conversation.objects.filter(pk=conversation.pk).update(reopens_until=clock.now() - datetime.timedelta(1))
        refused = own.post(path, json=said("Once more."))
        assert refusal(refused) == (409, "archived")
        assert "begins another one" in refused.json()["detail"]
        begun = own.post("/support/conversations/", json=said("Once more."))
    assert (begun.status_code, begun.json()["id"] != conversation.pk) == (201, True)
    assert Message.objects.filter(sender=vera.visitor, body="Once more.").count() == 1

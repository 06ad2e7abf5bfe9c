"""After a conversation, over HTTP: rating, transcript, contact, reports."""

import pytest

from chat import clock
from chat.models import Conversation, Message
from chat.support.models import Contact
from tests.stage.moments import on_days
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, answer, support_api
from tests.stage.support import visit as visit_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def resolved(desk: Desk, conversation: Conversation) -> Conversation:
    answer(desk.ada, conversation, "It is on its way.")
    Conversation.objects.filter(pk=conversation.pk).update(state="resolved", resolved_at=clock.now(), assignee=None)
    return conversation


def test_a18_one_question_an_episode_and_a_second_answer_replaces_nothing(
    server: Server, desk: Desk, vera: Visit, resolved: Conversation
) -> None:
    path = f"conversations/{resolved.pk}/rating/"
    with support_api(server, vera.secret) as http:
        assert http.get(path).json() == {"asked": True, "score": None, "comment": ""}
        first = http.post(path, json={"score": 5, "comment": "Quick!"})
        second = http.post(path, json={"score": 1})
        assert (first.status_code, second.status_code) == (201, 200)
        assert second.json() == http.get(path).json() == {"asked": False, "score": 5, "comment": "Quick!"}
        for score in (0, 6, 2.5, "5"):
            assert http.post(path, json={"score": score}).status_code == 400
        Conversation.objects.filter(pk=resolved.pk).update(episode=2)
        assert http.get(path).json()["asked"]
        assert http.post(path, json={"score": 2}).status_code == 201
    with support_api(server, visit_of(desk.inbox, "Otto").secret) as http:
        assert http.post(path, json={"score": 1}).status_code == 404


def test_a_transcript_has_what_was_said_and_is_for_who_may_read_it(
    server: Server, desk: Desk, vera: Visit, resolved: Conversation
) -> None:
    path = f"conversations/{resolved.pk}/transcript/"
    with support_api(server, vera.secret) as http:
        said = http.post(path).json()
        assert said["mailed_to"] is None
        assert said["text"].index("Where is my parcel?") < said["text"].index("It is on its way.")
        assert http.post(path, json={"mail": True}).status_code == 400
    expected = {desk.ada: 200, desk.ben: 403, desk.dan: 404}
    found = {user: desk.http(server, user).post(path).status_code for user in expected}
    assert found == expected


@pytest.mark.holds("transcripts_per_hour")
def test_transcripts_are_counted(server: Server, desk: Desk, vera: Visit, resolved: Conversation) -> None:
    path = f"conversations/{resolved.pk}/transcript/"
    with support_api(server, vera.secret) as http:
        assert {http.post(path).status_code for _ in range(20)} == {200}
        refused = http.post(path)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused.headers["Retry-After"]) > 3000
    assert desk.http(server, desk.ada).post(path).status_code == 200


def test_a_contact_is_known_to_the_agents_of_the_inbox_and_erased_by_who_supervises(
    server: Server, desk: Desk, vera: Visit, resolved: Conversation
) -> None:
    Contact.objects.update(email="vera@home.example", identity="17", attributes={"plan": "large"})
    path = f"visitors/{vera.visitor.pk}/"
    known = desk.http(server, desk.ben).get(path).json()
    assert (known["email"], known["verified"], known["attributes"]) == ("vera@home.example", True, {"plan": "large"})
    assert [one["id"] for one in known["conversations"]] == [resolved.pk]
    assert desk.http(server, desk.dan).get(path).status_code == 404
    reason = {"reason": "She asked for it."}
    assert desk.http(server, desk.ben).request("DELETE", path, json=reason).status_code == 403
    assert desk.http(server, desk.sue).request("DELETE", path, json=reason).status_code == 204
    assert support_api(server, vera.secret).get("conversations/").status_code == 401
    assert not Message.objects.filter(channel=resolved.pk, kind="text").exists()


def test_reports_are_for_who_supervises(server: Server, desk: Desk) -> None:
    with desk.http(server, desk.sue) as http:
        assert http.get(on_days("reports/?by=agent&from={eve}&to={day}")).json()["rows"] == []
        for query in ("by=week", "from=yesterday", on_days("from={day}&to={eve}"), "form=x"):
            assert http.get(f"reports/?{query}").status_code == 400, query
    assert desk.http(server, desk.ben).get("reports/").status_code == 403

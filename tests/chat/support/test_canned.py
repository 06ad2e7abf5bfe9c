"""Canned answers over HTTP."""

import pytest

from tests.stage.servers import Server
from tests.stage.support import Desk


def test_supervisors_keep_answers_ready_and_agents_read_them(desk: Desk, server: Server) -> None:
    inbox = desk.inbox.pk
    with desk.http(server, desk.sue) as sue, desk.http(server, desk.ada) as ada, desk.http(server, desk.dan) as dan:
        made = sue.post("/canned/", json={"inbox": inbox, "code": "/Hello", "body": "Hello {{visitor}}!"})
        assert (made.status_code, made.json()["code"]) == (201, "hello")
        path = f"/canned/{made.json()['id']}/"
        assert (
            sue.post("/canned/", json={"inbox": inbox, "code": "hello", "body": "Again"}).json()["code"] == "conflict"
        )
        assert [one["body"] for one in ada.get("/canned/").json()["results"]] == ["Hello {{visitor}}!"]
        assert sue.patch(path, json={"body": "Good day"}).json()["body"] == "Good day"
        assert ada.patch(path, json={"body": "x"}).status_code == 403
        assert ada.post("/canned/", json={"inbox": inbox, "code": "a", "body": "x"}).status_code == 403
        assert dan.get("/canned/").json()["results"] == []
        assert dan.patch(path, json={"body": "x"}).status_code == 404
        assert sue.delete(path).status_code == 204
        assert ada.get("/canned/").json()["results"] == []


@pytest.mark.parametrize(
    ("code", "body", "refusal"),
    [("hello", "x" * 2049, "too_long"), ("hello", "  ", "empty"), ("no spaces", "x", "invalid"), ("ä", "x", "invalid")],
)
def test_what_is_no_answer_is_refused_with_a_code(
    desk: Desk, server: Server, code: str, body: str, refusal: str
) -> None:
    with desk.http(server, desk.sue) as sue:
        refused = sue.post("/canned/", json={"inbox": desk.inbox.pk, "code": code, "body": body})
    assert refused.json()["code"] == refusal

"""Inboxes: who may create them, and the queue for their agents."""

import httpx
import pytest

from chat.models import Member, User
from chat.support import services
from chat.support.models import Agent, Inbox
from delivery.wire.errors import Conflict, Forbidden, Invalid
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit


def test_an_inbox_has_a_desk_whose_members_are_its_agents(desk: Desk) -> None:
    owner = User.objects.get(username="owner-of-shop")
    agents = {agent.user: (agent.supervises, agent.accepting) for agent in desk.inbox.agents.select_related("user")}
    assert agents == {
        owner: (True, False),
        desk.ada: (False, True),
        desk.ben: (False, True),
        desk.cleo: (False, True),
        desk.sue: (True, True),
    }
    assert desk.inbox.desk.kind == "desk"
    assert set(Member.objects.filter(channel=desk.inbox.desk).values_list("user", flat=True)) == {u.pk for u in agents}


def test_an_inbox_is_made_by_who_supervises_one(desk: Desk, vera: Visit) -> None:
    second = services.create_inbox(desk.sue, name="Wholesale", agents=[desk.ada])
    assert Agent.objects.get(inbox=second, user=desk.sue).supervises
    for somebody in (desk.ada, desk.dan, vera.visitor):
        with pytest.raises(Forbidden):
            services.create_inbox(somebody, name="Mine")
    with pytest.raises(Forbidden):
        services.create_inbox(desk.sue, name="With an outsider", agents=[vera.visitor])
    with pytest.raises(Conflict, match="Wholesale"):
        services.create_inbox(desk.sue, name="Wholesale")
    assert Inbox.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://Shop.example:443/", "https://shop.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://käse.example", "https://xn--kse-qla.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_spell_it(given: str, kept: str) -> None:
    assert services.inboxes.clean_origins([given, given]) == [kept]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "*",
        "null",
        "shop.example",
        "https://",
        "ftp://a.example",
        "https://a.example/b",
        "https://a@b.example",
        # Each of these says something else in a header.
        "https://*",
        "https://a.example;sandbox",
        "https://a.example,b",
        "https://a b",
        "https://'self'",
    ],
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(Invalid):
        services.inboxes.clean_origins([given])


def test_a_key_that_no_inbox_can_have_is_unknown_at_every_door(server: Server) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as stranger:
        found = [
            stranger.get("/api/v1/support/a%00b/").status_code,
            stranger.post("/api/v1/support/a%00b/visits/", json={}).status_code,
            stranger.get("/widget/a%00b/").status_code,
        ]
    assert found == [404, 404, 404]

"""Inboxes in the admin: their supervisors create and change them and their agents, through the verbs."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from chat.models import AuditEntry, Conversation, User
from chat.support.models import Agent, Inbox, Interval, Rating
from tests.stage.callers import browser
from tests.stage.support import Desk


@pytest.fixture
def owner(desk: Desk) -> Any:
    User.objects.filter(username="owner-of-shop").update(is_staff=True)
    return browser("owner-of-shop")


def act(client: Any, inbox: Inbox, name: str, /, **given: Any) -> str:
    page = client.post(f"/admin/support/inbox/{inbox.pk}/act/{name}/", {"confirmed": "yes", **given}, follow=True)
    return str(page.content.decode())


def test_an_inbox_is_made_in_the_admin_and_its_secret_shown_once(desk: Desk, owner: Any) -> None:
    assert "Create an inbox" in owner.get("/admin/support/inbox/").content.decode()
    refused = owner.post("/admin/support/inbox/new/", {"name": "Wholesale", "origins": "shop.example"})
    assert "is no origin" in refused.content.decode()
    made = owner.post(
        "/admin/support/inbox/new/",
        {"name": "Wholesale", "origins": "https://a.example\nhttps://b.example"},
        follow=True,
    ).content.decode()
    inbox = Inbox.objects.get(name="Wholesale")
    assert inbox.origins == ["https://a.example", "https://b.example"]
    assert inbox.secret in made
    assert f"data-inbox=&quot;{inbox.key}&quot;" in made
    assert inbox.secret not in owner.get(f"/admin/support/inbox/{inbox.pk}/change/").content.decode()


def test_agents_come_and_go_and_the_inbox_is_changed(desk: Desk, owner: Any) -> None:
    act(owner, desk.inbox, "add-agent", username="Dan", supervises="on")
    assert Agent.objects.get(inbox=desk.inbox, user=desk.dan).supervises
    act(owner, desk.inbox, "remove-agent", username="ada")
    assert not Agent.objects.filter(inbox=desk.inbox, user=desk.ada).exists()
    assert "There is nobody with the username nobody" in act(owner, desk.inbox, "add-agent", username="nobody")
    form = owner.get(f"/admin/support/inbox/{desk.inbox.pk}/act/change/").content.decode()
    assert re.search(r'name="lease_seconds" value="900"', form)
    given = {"name": "Shop", "origins": "https://shop.example", "is_enabled": "on", "routing": "turns", "capacity": 3}
    act(owner, desk.inbox, "change", **given, lease_seconds=60, reopen_days=7, greeting="Ahoy")
    row = Inbox.objects.get(pk=desk.inbox.pk)
    assert (row.routing, row.capacity, row.lease_seconds, row.greeting) == ("turns", 3, 60, "Ahoy")
    assert row.secret not in (secret := act(owner, desk.inbox, "secret"))
    assert Inbox.objects.get(pk=desk.inbox.pk).secret in secret
    acts = set(AuditEntry.objects.values_list("act", flat=True))
    assert acts >= {"agent.added", "agent.removed", "inbox.changed", "inbox.secret", "inbox.created"}


def test_no_other_staff_sees_inboxes_in_the_admin(desk: Desk) -> None:
    User.objects.filter(username="dan").update(is_staff=True)
    dan = browser("dan")
    for path in ("", "new/", f"{desk.inbox.pk}/change/", f"{desk.inbox.pk}/act/secret/"):
        assert dan.get(f"/admin/support/inbox/{path}").status_code == 403, path


def test_ratings_and_spans_are_looked_at_by_who_supervises(
    desk: Desk, conversation: Conversation, owner: Any, django_assert_max_num_queries: Any
) -> None:
    Rating.objects.create(conversation=conversation, episode=1, score=4, comment="Quick!", agent=desk.ada)
    began = {"began_at": conversation.channel.created_at, "ended_at": conversation.channel.created_at}
    Interval.objects.create(
        conversation=conversation, episode=1, kind="first", agent=desk.ada, seconds=3700, business_seconds=61, **began
    )
    with django_assert_max_num_queries(20):
        ratings = owner.get("/admin/support/rating/").content.decode()
    spans = owner.get("/admin/support/interval/?kind__exact=first").content.decode()
    assert all(word in ratings for word in ("Quick!", "Vera", ">ada<", "Shop"))
    assert all(word in spans for word in ("until the first answer", "1 min 1 s", "1 h 1 min"))
    for path in ("rating", "interval"):
        assert owner.get(f"/admin/support/{path}/add/").status_code == 403
    # Who may look at such lists sees those of the inboxes that they supervise.
    for user in (desk.sue, desk.ben):
        User.objects.filter(pk=user.pk).update(is_staff=True)
        user.user_permissions.add(Permission.objects.get(codename="view_rating"))
    assert "Quick!" in browser("sue").get("/admin/support/rating/").content.decode()
    assert "Quick!" not in browser("ben").get("/admin/support/rating/").content.decode()
    assert browser("sue").get("/admin/support/interval/").status_code == 403

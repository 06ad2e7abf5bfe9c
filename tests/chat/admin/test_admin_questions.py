"""The parameters of the staff's lists and rows: those that their pages offer and no others, for every role and column."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse

from chat import services
from chat.models import User
from delivery.wire.errors import Invalid
from tests.conftest import Cast
from tests.stage.admin_house import SEES, page_of
from tests.stage.callers import browser

pytestmark = pytest.mark.django_db
ROLES = ("sam", "mo", "agnes", "otto")
LOOKUPS = ("", "__exact", "__startswith", "__regex", "__isnull", "__in", "__gt", "__iexact", "__contains")


def columns_of(model: Any) -> list[str]:
    return [field.name for field in model._meta.get_fields()]


def through_relations(model: Any) -> list[str]:
    """Each column behind each relation, and passwords behind whatever leads to people."""
    fields = [field for field in model._meta.get_fields() if field.is_relation and field.related_model]
    far = [f"{field.name}__{column}" for field in fields for column in columns_of(field.related_model)]
    return [f"{name}__startswith" for name in far]


def offered_by(kind: str) -> set[str]:
    """Parameters of the filters as the page of a superuser draws them."""
    page = browser("sam").get(f"/admin/{kind}/").content.decode()
    sidebar = page[page.find('id="changelist-filter"') :]
    links = re.findall(r'href="\?([^"]*)"', sidebar)
    fields = re.findall(r'name="([^"]+)"', sidebar)
    return {pair.split("=")[0] for link in links for pair in link.split("&amp;") if pair} | set(fields)


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda m: m.__name__), ids=lambda m: m.__name__)
def test_no_role_learns_a_column_by_filtering(house: Cast, model: Any) -> None:
    kind = f"{model._meta.app_label}/{model._meta.model_name}"
    is_of_chat = model._meta.app_label == "chat"
    who_sees = [who for who in ROLES if (model._meta.model_name in SEES[who] if is_of_chat else who == "sam")]
    model_admin = admin.site._registry[model]
    offered = offered_by(kind) | {name for name in model_admin.list_filter if isinstance(name, str)}
    asked = {f"{column}{lookup}" for column in columns_of(model) for lookup in LOOKUPS} - offered
    for who in who_sees:
        user, client = User.objects.get(username=who), browser(who)
        for name in [*sorted(asked), *through_relations(model)]:
            request = RequestFactory().get(f"/admin/{kind}/", {name: "["})
            request.user = user
            with pytest.raises(Invalid, match="use the filters and links"):
                model_admin.get_changelist_instance(request)
        for name in (
            "password__startswith",
            "username__regex",
            "user__password__startswith",
            "sender__password__regex",
        ):
            answer = client.get(f"/admin/{kind}/", {name: "["})
            assert (answer.status_code, b"use the filters and links" in answer.content) == (400, True), (who, name)
            assert house.bob.password.encode() not in answer.content


@pytest.mark.parametrize(
    "query",
    [
        *("_to_field=password", "_to_field=id", "_popup=1", "_facets=1", "all=", "e=1", "_source_model=x", "p=-1"),
        *(
            "p=x",
            "o=x",
            "o=99",
            "o=1.password",
            "is_active__exact=[",
            "is_active__exact=%00",
            "x%00=1",
            "groups__id__exact=x",
        ),
    ],
)
def test_nothing_that_the_list_does_not_offer_is_taken_along(house: Cast, query: str) -> None:
    answer = browser("sam").get(f"/admin/chat/user/?{query}")
    assert answer.status_code == 400
    assert b"Show the whole list" in answer.content
    assert browser("otto").get(f"/admin/chat/user/?{query}").status_code == 400


@pytest.mark.parametrize(("kind", "query"), [("report", "state=x"), ("message", "edited=maybe"), ("report", "q=x")])
def test_a_filter_takes_only_the_values_that_it_offers(house: Cast, kind: str, query: str) -> None:
    assert browser("sam").get(f"/admin/chat/{kind}/?{query}").status_code == 400


@pytest.mark.parametrize("query", ["_to_field=password", "_popup=1", "password__startswith=a", "x=%00"])
def test_a_row_is_asked_for_nothing_besides(house: Cast, query: str) -> None:
    assert browser("sam").get(f"{page_of(house.bob)}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["o=1", "o=-1.0", "p=1", "p=7", "q=bob", "is_active__exact=1", "is_superuser__exact=0"]
)
def test_what_the_list_offers_is_answered(house: Cast, query: str) -> None:
    assert browser("otto").get(f"/admin/chat/user/?{query}").status_code == 200


def test_a_list_can_be_asked_for_every_filter_that_it_draws(house: Cast) -> None:
    client = browser("sam")
    for kind in SEES["sam"]:
        page = client.get(f"/admin/chat/{kind}/").content.decode()
        for link in sorted(set(re.findall(r'href="(\?[^"]*)"', page))):
            assert client.get(f"/admin/chat/{kind}/{link.replace('&amp;', '&')}").status_code == 200, (kind, link)


@pytest.mark.parametrize("others", [0, 50])
def test_the_page_past_the_last_one_is_the_last_one(house: Cast, others: int) -> None:
    # Made later, and so on the pages before.
    for number in range(others):
        services.create_user(f"other{number}")
    page = browser("sam").get("/admin/chat/user/?p=9").content.decode()
    assert "alice" in page


def test_there_are_no_doors_that_no_page_leads_to(house: Cast) -> None:
    client = browser("sam")
    asked = {"app_label": "chat", "model_name": "message", "field_name": "sender", "term": "bob"}
    assert client.get("/admin/autocomplete/", asked).status_code != 200
    assert client.get(f"/admin/r/1/{house.bob.pk}/").status_code != 200
    for name in ("admin:autocomplete", "admin:view_on_site", "admin:chat_user_history"):
        with pytest.raises(NoReverseMatch):
            reverse(name, args=[1] if "history" in name else [])
    assert all(model_admin.date_hierarchy is None for model_admin in admin.site._registry.values())

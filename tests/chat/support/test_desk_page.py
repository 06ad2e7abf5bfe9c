"""The staff's first page and the desk, as served."""

import dataclasses
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.models import Conversation, User
from chat.support import services
from tests.stage.support import Desk, Visit, note


def page(user: User, name: str) -> str:
    client = Client()
    client.force_login(user)
    return client.get(reverse(name), HTTP_HOST="localhost").content.decode()


def as_staff(user: User) -> User:
    user.is_staff = True
    user.save()
    return user


def test_the_first_page_says_how_many_customers_wait(desk: Desk, conversation: Conversation) -> None:
    said = page(as_staff(desk.ada), "admin:index")
    assert "<strong>1</strong> customer waits, longest" in said
    assert reverse("desk") in said


def test_the_chat_leaves_the_desk_to_the_desk_and_says_who_waits(
    desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    note(desk.ada, conversation)
    vera.begin("And my invoice?")
    said = page(desk.ada, "home")
    listed = said[: said.index("gapless-state")]
    for name in (desk.inbox.name, "Vera", "Notes on Vera"):
        assert f'<span class="channel-name">{name}</span>' not in listed
    assert f'href="{reverse("desk")}"' in listed
    assert '<span class="badge-number">2</span><span class="visually-hidden"> waiting' in listed
    # As PROTOCOL.md says it: programs hear of all of them.
    assert f'"id":{desk.inbox.desk_id}' in said
    assert 'id="helpdesk" href="/admin/desk/" hidden>' in page(desk.dan, "home")


def test_who_supervises_finds_reports_and_hours(desk: Desk) -> None:
    links = [f'href="{reverse(name)}"' for name in ("support_reports", "support_hours")]
    assert all(link in page(desk.sue, "desk") for link in links)
    assert not any(link in page(desk.ada, "desk") for link in links)


def test_pages_count_to_what_a_message_may_have_here(settings: Any, desk: Desk) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, message_bytes=140)
    widget = Client().get(f"/widget/{desk.inbox.key}/", HTTP_HOST="localhost").content.decode()
    for said in (widget, page(desk.ada, "home"), page(desk.ada, "desk")):
        assert '<meta name="message-bytes" content="140">' in said


def test_who_is_no_agent_is_told_nothing_of_the_desk(desk: Desk, conversation: Conversation) -> None:
    assert "customer waits" not in page(as_staff(desk.dan), "admin:index")
    assert "gapless-state" not in page(desk.dan, "desk")


def test_the_desk_begins_with_the_persons_own_inboxes(desk: Desk, conversation: Conversation) -> None:
    said = page(desk.ada, "desk")
    assert f'"desk":{desk.inbox.desk_id}' in said
    assert "Where is my parcel?" not in said


def test_an_agent_of_many_inboxes_has_the_desk_for_as_few_questions(desk: Desk) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page(desk.ada, "desk")
        return len(queries)

    asked()
    before = asked()
    for name in ("Repairs", "Returns"):
        services.create_inbox(desk.sue, name=name, agents=[desk.ada, desk.ben])
    assert asked() == before

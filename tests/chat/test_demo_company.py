"""What is in the demo, played once: each test works within the transaction in which that was done."""

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from chat import services
from chat.files import storage
from chat.models import Conversation, ConversationState, File, MessageVersion, Report, Sanction, User
from chat.support.models import Agent, Rating
from chat.support.services import READ_SUPPORT
from chatproject.management.commands.demo import PASSWORD
from tests.stage.demo import demo, signs_in


@pytest.fixture(scope="module")
def _played(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield demo()
        transaction.set_rollback(True)


@pytest.fixture
def played(_played: str, db: None) -> str:
    """What the command said."""
    return _played


def test_its_known_password_ends_when_somebody_else_gets_an_account(played: str) -> None:
    assert repr(PASSWORD) in played
    assert repr(PASSWORD) in demo(), "it may be said again"
    assert signs_in("alice", PASSWORD)
    services.create_user("loadtest0")
    assert signs_in("alice", PASSWORD), "a program is no person"
    services.create_user("ann", password="correct horse battery staple")
    assert not any(signs_in(user.username, PASSWORD) for user in User.objects.all())
    assert signs_in("ann", "correct horse battery staple")


def test_who_makes_an_account_is_told_that_the_known_password_has_ended(played: str) -> None:
    told = io.StringIO()
    call_command("createuser", "ann", "--password", "correct horse battery staple", stdout=io.StringIO(), stderr=told)
    assert "password, which is known to everybody, has ended" in told.getvalue()
    quiet = io.StringIO()
    call_command("createuser", "ben", "--password", "correct horse battery staple", stdout=io.StringIO(), stderr=quiet)
    assert quiet.getvalue() == ""


def test_its_helpdesk_has_customers_in_every_state_and_agents_who_may_read_them(played: str) -> None:
    states = Counter(Conversation.objects.values_list("state", flat=True))
    assert set(states) == set(ConversationState.values)
    waiting = Conversation.objects.exclude(waiting_since=None)
    assert waiting.filter(assignee=None).exists()
    assert waiting.exclude(assignee=None).exists()
    assert Rating.objects.count() >= 3
    agents = [agent.user for agent in Agent.objects.filter(accepting=True).select_related("user")]
    assert sorted(agent.username for agent in agents) == ["carmen", "emi", "sam"]
    assert all(agent.has_perm(READ_SUPPORT) for agent in agents)


def test_its_people_have_given_a_picture_a_document_and_a_sound(played: str) -> None:
    rows = File.objects.whole().filter(message__deleted_at=None).order_by("pk")
    assert [row.type for row in rows] == ["image/png", "application/pdf", "audio/wav"]
    assert all(storage.get(row.folder, storage.WHOLE).read(1) for row in rows)
    assert all(row.message.seq == row.message.channel.head for row in rows[1:])


def test_the_demo_has_something_for_those_who_keep_order(played: str) -> None:
    assert Report.objects.open().count() == 3
    assert Report.objects.get(verdict="dismissed").closed_by.username == "sam"  # type: ignore[union-attr]
    assert MessageVersion.objects.count() == 1
    assert Sanction.objects.standing().get().user.username == "felix"
    assert [user.username for user in User.objects.filter(groups__name="Auditor")] == ["grace"]
    assert all(row.closed_at > row.created_at for row in Report.objects.exclude(closed_at=None))

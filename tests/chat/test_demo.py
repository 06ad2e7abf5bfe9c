"""The demo: believable, and never a known password beside a person."""

import io
import re
from collections import Counter

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from chat import services
from chat.files import storage
from chat.models import Conversation, ConversationState, File, User
from chat.services import create_user, made
from chat.services.people import create_owner
from chat.support.models import Agent, Rating
from chat.support.services import READ_SUPPORT
from chatproject.management.commands.demo import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def demo(*options: str) -> str:
    said = io.StringIO()
    call_command("demo", *options, stdout=said)
    return said.getvalue()


def signs_in(username: str, password: str) -> bool:
    return authenticate(username=username, password=password) is not None


def test_the_demo_has_a_database_of_its_own() -> None:
    create_user("ann", password="correct horse battery staple")
    create_user("ben", password="correct horse battery staple")
    with pytest.raises(CommandError, match="People have accounts here"):
        demo()
    assert User.objects.count() == 2


def test_its_known_password_ends_when_somebody_else_gets_an_account() -> None:
    assert repr(PASSWORD) in demo()
    assert repr(PASSWORD) in demo(), "it may be said again"
    assert signs_in("alice", PASSWORD)
    services.create_user("loadtest0")
    assert signs_in("alice", PASSWORD), "a program is no person"
    services.create_user("ann", password="correct horse battery staple")
    assert not any(signs_in(user.username, PASSWORD) for user in User.objects.all())
    assert signs_in("ann", "correct horse battery staple")


def test_beside_the_owner_it_has_a_password_that_nobody_knows() -> None:
    create_owner("olga", password="correct horse battery staple")
    said = demo()
    [password] = re.findall(r"with the password '(.+)'", said)
    assert password != PASSWORD
    assert signs_in("bob", password)
    services.create_user("ann", password="correct horse battery staple")
    assert signs_in("bob", password), "it was said to the operator alone"


def test_who_makes_an_account_is_told_that_the_known_password_has_ended() -> None:
    demo()
    told = io.StringIO()
    call_command("createuser", "ann", "--password", "correct horse battery staple", stdout=io.StringIO(), stderr=told)
    assert "password, which is known to everybody, has ended" in told.getvalue()
    quiet = io.StringIO()
    call_command("createuser", "ben", "--password", "correct horse battery staple", stdout=io.StringIO(), stderr=quiet)
    assert quiet.getvalue() == ""


def test_a_demo_that_is_ended_before_it_is_marked_leaves_no_known_password(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(made, "mark_demo", killed)
    with pytest.raises(KeyboardInterrupt):
        demo()
    assert not User.objects.exists()


def test_its_helpdesk_has_customers_in_every_state_and_agents_who_may_read_them() -> None:
    demo()
    states = Counter(Conversation.objects.values_list("state", flat=True))
    assert set(states) == set(ConversationState.values)
    waiting = Conversation.objects.exclude(waiting_since=None)
    assert waiting.filter(assignee=None).exists()
    assert waiting.exclude(assignee=None).exists()
    assert Rating.objects.count() >= 3
    agents = [agent.user for agent in Agent.objects.filter(accepting=True).select_related("user")]
    assert sorted(agent.username for agent in agents) == ["carmen", "emi", "sam"]
    assert all(agent.has_perm(READ_SUPPORT) for agent in agents)


def test_its_people_have_given_a_picture_a_document_and_a_sound() -> None:
    demo()
    rows = File.objects.whole().filter(message__deleted_at=None).order_by("pk")
    assert [row.type for row in rows] == ["image/png", "application/pdf", "audio/wav"]
    assert all(storage.get(row.folder, storage.WHOLE).read(1) for row in rows)
    assert all(row.message.seq == row.message.channel.head for row in rows[1:])

"""The staff's first page and the desk, as served."""

from django.test import Client
from django.urls import reverse

from chat.models import Conversation, User
from tests.stage.support import Desk


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


def test_who_is_no_agent_is_told_nothing_of_the_desk(desk: Desk, conversation: Conversation) -> None:
    assert "customer waits" not in page(as_staff(desk.dan), "admin:index")
    assert "gapless-state" not in page(desk.dan, "desk")


def test_the_desk_begins_with_the_persons_own_inboxes(desk: Desk, conversation: Conversation) -> None:
    said = page(desk.ada, "desk")
    assert f'"desk":{desk.inbox.desk_id}' in said
    assert "Where is my parcel?" not in said

"""The demo: believable, and never a known password beside a person."""

import re

import pytest
from django.core.management import CommandError

from chat import services
from chat.models import User
from chat.services import command_accounts, create_user
from chat.services.people import create_owner
from chat.support.tools.demo import desk
from chatproject.management.commands.demo import PASSWORD
from tests.stage.demo import demo, signs_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_demo_has_a_database_of_its_own() -> None:
    create_user("ann", password="correct horse battery staple")
    create_user("ben", password="correct horse battery staple")
    with pytest.raises(CommandError, match="People have accounts here"):
        demo()
    assert User.objects.count() == 2


def test_beside_the_owner_it_has_a_password_that_nobody_knows() -> None:
    create_owner("olga", password="correct horse battery staple")
    said = demo()
    [password] = re.findall(r"with the password '(.+)'", said)
    assert password != PASSWORD
    assert signs_in("bob", password)
    services.create_user("ann", password="correct horse battery staple")
    assert signs_in("bob", password), "it was said to the operator alone"


def test_a_demo_that_is_ended_before_it_is_marked_leaves_no_known_password(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk, "play", lambda *_, **__: [])
    monkeypatch.setattr(command_accounts, "mark_demo", killed)
    with pytest.raises(KeyboardInterrupt):
        demo()
    assert not User.objects.exists()

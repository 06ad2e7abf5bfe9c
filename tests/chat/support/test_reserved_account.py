"""The account that says what nobody did: there is one, nobody gets in with it or in its name, and no list of people shows it."""

import pytest
from django.db import IntegrityError, transaction

from chat import services
from chat.models import User
from chat.services.command_accounts import is_empty
from chat.support.services.reserved import reserved_account
from delivery.wire.errors import Forbidden, Invalid
from tests.conftest import Cast


def test_there_is_one_and_it_is_made_when_it_is_needed(db: None) -> None:
    assert not User.objects.exists()
    assert reserved_account() == reserved_account()
    assert User.objects.count() == 1


def test_nobody_takes_its_name(db: None) -> None:
    for name in ("gapless", "Gapless", "gap1ess"):
        with pytest.raises(Invalid):
            services.create_user(name)


def test_nobody_gets_in_with_it_and_nobody_switches_it_on(cast: Cast) -> None:
    account = reserved_account()
    for act in (
        lambda: services.new_token(account, name="mine"),
        lambda: services.make_password_link(None, user=account.pk, reason="no"),
        lambda: services.reactivate_user(None, user=account.pk, reason="no"),
        lambda: services.ban_user(cast.sam, user=account.pk, reason="no"),
        lambda: services.change_staff_roles(None, user=account.pk, roles=["Moderator"], reason="no"),
        lambda: services.add_member(cast.alice, channel=cast.team.pk, user=account),
        lambda: services.open_direct_channel(cast.alice, others=[account]),
    ):
        with pytest.raises((Forbidden, Invalid)):
            act()
    with pytest.raises(IntegrityError, match="users_system_is_off"), transaction.atomic():
        User.objects.filter(pk=account.pk).update(is_active=True)
    with pytest.raises(IntegrityError, match="users_visitors_are_outside"), transaction.atomic():
        User.objects.filter(pk=account.pk).update(is_staff=True)
    assert account not in User.objects.people()
    assert not is_empty()

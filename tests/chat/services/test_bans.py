"""Bans: their effects, who may ban whom, and the state after lifting one."""

import pytest

from chat import services
from chat.models import Ban, User
from delivery.wire.errors import Forbidden, NotFound
from tests.conftest import Cast, said, say
from tests.stage.moderation import lines, staff

pytestmark = pytest.mark.django_db


def test_a_ban_switches_the_account_off_and_lifting_gives_back_what_was(cast: Cast) -> None:
    moderator = staff("mo", "Moderator")
    first = services.ban_user(moderator, user=cast.bob.pk, reason="spam")
    assert services.ban_user(moderator, user=cast.bob.pk, reason="again").pk == first.pk
    assert not User.objects.get(pk=cast.bob.pk).is_active
    assert isinstance(say(cast.bob, cast.team), Forbidden)
    services.lift_ban(moderator, user=cast.bob.pk, reason="a mistake")
    assert User.objects.get(pk=cast.bob.pk).is_active
    said(cast.bob, cast.team)
    with pytest.raises(NotFound):
        services.lift_ban(moderator, user=cast.bob.pk, reason="twice")
    assert lines(actor=moderator) == [("user.banned", "mo", "bob", "spam"), ("ban.lifted", "mo", "bob", "a mistake")]
    User.objects.filter(pk=cast.bob.pk).update(is_active=False)
    services.ban_user(moderator, user=cast.bob.pk, reason="spam")
    services.lift_ban(moderator, user=cast.bob.pk, reason="a mistake")
    assert not User.objects.get(pk=cast.bob.pk).is_active, "it was off before the ban"


@pytest.mark.parametrize(
    ("who", "whom"),
    [("alice", "bob"), ("agnes", "bob"), ("mo", "mo"), ("mo", "agnes"), ("mo", "sam"), ("sam", "sam")],
)
def test_who_may_not_ban_whom(cast: Cast, who: str, whom: str) -> None:
    staff("mo", "Moderator")
    staff("agnes", "Support agent")
    with pytest.raises(Forbidden):
        services.ban_user(User.objects.get(username=who), user=User.objects.get(username=whom).pk, reason="no")
    assert not Ban.objects.exists()


def test_a_superuser_bans_staff(cast: Cast) -> None:
    mo = staff("mo", "Moderator")
    services.ban_user(cast.sam, user=mo.pk, reason="went rogue")
    mo.refresh_from_db()
    with pytest.raises(Forbidden):
        services.ban_user(User.objects.get(pk=mo.pk), user=cast.bob.pk, reason="revenge")

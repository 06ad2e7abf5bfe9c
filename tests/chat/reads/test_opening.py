"""What `hello` says is read in plain columns, apart from lists and pages: both say the same of every channel."""

import datetime

from chat import clock, services
from chat.models import ChannelKind, User
from chat.reads.channels import channels_of
from chat.reads.opening import opening_of
from chat.services.blocks import block_user
from chat.services.channels import open_direct_channel
from chat.services.sanctions import mute_member
from tests.conftest import Cast, said


def in_hello(user: User) -> list[object]:
    return [access.description for access in opening_of(user.pk).accesses]


def test_hello_describes_channels_as_the_lists_do(transactional_db: None, cast: Cast) -> None:
    open_direct_channel(cast.alice, others=[cast.bob])
    open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])
    services.open_channel(cast.bob, name="quiet", kind=ChannelKind.PRIVATE, members=[cast.alice])
    for body in ("one", "two", "three"):
        said(cast.alice, cast.team, body)
    said(cast.bob, cast.team, "four")
    mute_member(
        cast.alice,
        channel=cast.team.pk,
        user=cast.bob,
        until=clock.now() + datetime.timedelta(minutes=5),
        reason="loud",
    )
    for user in (cast.alice, cast.bob, cast.charlie, cast.sam):
        assert in_hello(user) == channels_of(user.pk)
    assert [seen.unread for seen in channels_of(cast.bob.pk) if seen.id == cast.team.pk] == [3]
    block_user(cast.bob, whom=cast.alice)
    assert in_hello(cast.bob) == channels_of(cast.bob.pk)
    assert opening_of(cast.bob.pk).apart.blocked == {cast.alice.pk}
    assert opening_of(cast.alice.pk).apart.blocked_by == {cast.bob.pk}

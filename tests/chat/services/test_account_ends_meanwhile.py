"""A user acts while their account ends: an act that waited for the user's row writes nothing after the end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction

from chat import services
from chat.files.services import begin_upload
from chat.models import Block, Channel, File, Invite, Member, Reaction, Saved, SignInAddress, Token, User
from chat.services.credentials import change_password
from chat.services.erasing.beginning import begin_erasure
from chat.services.erasing.running import continue_erasure
from chat.services.presence import choose_presence
from chat.services.staff import make_groups
from delivery.wire.errors import Forbidden, NotFound
from tests.conftest import Cast, said
from tests.stage.locks import until_waiting
from tests.stage.threads import posted

ACTS: dict[str, Callable[[Cast, int], Any]] = {
    "a token": lambda cast, _: services.create_token(cast.alice, name="late"),
    "a saved message": lambda cast, message: services.save_message(cast.alice, message=message),
    "a block": lambda cast, _: services.block_user(cast.alice, whom=cast.bob),
    "an invitation": lambda cast, _: services.create_invite(cast.alice, channels=[cast.team.pk]),
    "an upload": lambda cast, _: begin_upload(cast.alice, name="a.txt", size=1),
    "a name": lambda cast, _: services.rename_user(cast.alice, display_name="Alice Again"),
    "a sentence": lambda cast, _: choose_presence(cast.alice, activity="at Alice's desk"),
    "a reaction": lambda cast, message: services.add_reaction(
        cast.alice, channel=cast.team.pk, message=message, emoji="👍"
    ),
    "a membership": lambda cast, _: services.join_channel(cast.alice, channel=public(cast).pk),
    "a place given by others": lambda cast, _: services.add_member(cast.bob, channel=public(cast).pk, user=cast.alice),
    "a conversation begun by others": lambda cast, _: services.open_direct_channel(cast.bob, others=[cast.alice]),
}


def public(cast: Cast) -> Channel:
    return services.open_channel(cast.bob, name="all")


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_nothing_of_theirs_is_written_after_an_erasure(cast: Cast, act: Callable[[Cast, int], Any]) -> None:
    message = posted(said(cast.bob, cast.team))["id"]
    begin_erasure(None, user=cast.alice.pk, keeps_messages=True, reason="asked for")
    with pytest.raises(Forbidden):
        # With the person as they were before: the request had begun.
        act(cast, message)
    now = User.objects.get(pk=cast.alice.pk)
    assert (now.display_name, now.activity) == ("Deleted user", "")
    for model, whose in (
        (Token, "user"),
        (Saved, "user"),
        (Block, "blocker"),
        (Invite, "created_by"),
        (File, "uploader"),
        (Reaction, "user"),
    ):
        assert not model.objects.filter(**{whose: cast.alice}).exists(), model
    assert {each.channel_id for each in Member.objects.filter(user=cast.alice)} == {cast.team.pk}, "left later"


def test_nobody_moderates_who_was_taken_out_of_the_staff_meanwhile(cast: Cast) -> None:
    make_groups()
    mo = services.create_user("mo")
    services.change_staff_roles(None, user=mo.pk, roles=["Moderator"], reason="helps")
    as_they_were = User.objects.get(pk=mo.pk)
    assert as_they_were.has_perm("chat.moderate_any_channel")
    services.change_staff_roles(None, user=mo.pk, roles=[], reason="helps no more")
    with pytest.raises(NotFound):
        services.remove_member(as_they_were, channel=cast.team.pk, user=cast.bob, reason="spam")
    assert Member.objects.filter(channel=cast.team, user=cast.bob).exists()


def test_of_who_was_erased_while_they_signed_in_no_address_is_kept(cast: Cast) -> None:
    as_they_were = User.objects.get(pk=cast.alice.pk)
    begin_erasure(None, user=cast.alice.pk, keeps_messages=True, reason="asked for")
    services.note_sign_in(as_they_were, line="192.0.2.7")
    assert not SignInAddress.objects.filter(user=cast.alice).exists()


def test_who_is_just_being_taken_in_is_in_before_an_erasure_or_not_at_all(cast: Cast) -> None:
    channel = public(cast)
    with ThreadPoolExecutor(1) as beside:
        with transaction.atomic():
            services.add_member(cast.bob, channel=channel.pk, user=cast.alice)
            erasing = beside.submit(_erase, cast)
            until_waiting(1)
        erasing.result(10)
    assert not Member.objects.filter(user=cast.alice).exists()


def _erase(cast: Cast) -> None:
    begin_erasure(None, user=cast.alice.pk, keeps_messages=True, reason="asked for")
    while continue_erasure(cast.alice.pk):
        pass
    connections.close_all()


def test_a_session_of_the_old_password_makes_no_token(cast: Cast) -> None:
    as_it_was = User.objects.get(pk=cast.alice.pk)
    change_password(cast.alice, password="another long one")
    with pytest.raises(Forbidden):
        services.new_token(as_it_was, name="late", session_of=as_it_was)
    assert not Token.objects.filter(user=cast.alice).exists()
    services.new_token(cast.alice, name="in time", session_of=cast.alice)

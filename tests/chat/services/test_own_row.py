"""Who acts just while their account ends: what waited for the person's row writes nothing of theirs after it."""

from collections.abc import Callable
from typing import Any

import pytest

from chat import services
from chat.files.services import begin_upload
from chat.models import Block, File, Invite, Saved, Token, User
from chat.services.credentials import change_password
from chat.services.erasing.beginning import begin_erasure
from chat.services.presence import choose_presence
from delivery.wire.errors import Forbidden
from tests.conftest import Cast, said
from tests.stage.threads import posted

ACTS: dict[str, Callable[[Cast, int], Any]] = {
    "a token": lambda cast, _: services.create_token(cast.alice, name="late"),
    "a saved message": lambda cast, message: services.save_message(cast.alice, message=message),
    "a block": lambda cast, _: services.block_user(cast.alice, whom=cast.bob),
    "an invitation": lambda cast, _: services.create_invite(cast.alice, channels=[cast.team.pk]),
    "an upload": lambda cast, _: begin_upload(cast.alice, name="a.txt", size=1),
    "a name": lambda cast, _: services.rename_user(cast.alice, display_name="Alice Again"),
    "a sentence": lambda cast, _: choose_presence(cast.alice, activity="at Alice's desk"),
}


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
    ):
        assert not model.objects.filter(**{whose: cast.alice}).exists(), model


def test_a_session_of_the_old_password_makes_no_token(cast: Cast) -> None:
    as_it_was = User.objects.get(pk=cast.alice.pk)
    change_password(cast.alice, password="another long one")
    with pytest.raises(Forbidden):
        services.new_token(as_it_was, name="late", session_of=as_it_was)
    assert not Token.objects.filter(user=cast.alice).exists()
    services.new_token(cast.alice, name="in time", session_of=cast.alice)

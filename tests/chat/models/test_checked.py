"""Constraints that are checked only when a column of theirs is written."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint, Q

from chat.models import Channel, Message
from chat.models.checked import CheckWhenWritten
from chat.services.constraints import violates
from tests.conftest import Cast, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def nameless(cast: Cast) -> Channel:
    """A channel whose row breaks a condition: it came in while nobody looked."""
    with connection.cursor() as cursor:
        # What is still to be looked at would keep the table as it is.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE channels DISABLE TRIGGER channels_name")
        Channel.objects.filter(pk=cast.team.pk).update(name="")
        cursor.execute("ALTER TABLE channels ENABLE TRIGGER channels_name")
    return cast.team


@pytest.mark.parametrize(
    ("condition", "written"),
    [
        ("channels_kind", {"kind": "secret"}),
        ("channels_name", {"name": ""}),
        ("channels_inner_has_parent", {"kind": "inner"}),
        ("channels_direct_has_key", {"direct_key": "1:2"}),
        ("channels_not_negative", {"member_count": -1}),
        ("channels_not_negative", {"keeps_days": -1}),
    ],
)
def test_a_channel_that_breaks_a_condition_is_refused_by_its_name(
    cast: Cast, condition: str, written: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Channel.objects.filter(pk=cast.team.pk).update(**written)
    assert violates(refused.value, condition)
    with pytest.raises(IntegrityError), transaction.atomic():
        Channel.objects.create(**({"name": "new", "kind": "public"} | written))


def test_an_empty_message_or_one_without_a_place_is_refused(cast: Cast) -> None:
    said(cast.alice, cast.team)
    message = Message.objects.get(channel=cast.team, kind="text")
    breaking: list[tuple[str, dict[str, Any]]] = [
        ("messages_body_empty_only_if_deleted", {"body": ""}),
        ("messages_rev_from_seq", {"rev": 0}),
        ("messages_rev_from_seq", {"seq": 0, "rev": 0}),
    ]
    for condition, written in breaking:
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            Message.objects.filter(pk=message.pk).update(**written)
        assert violates(refused.value, condition)


def test_a_message_moves_the_head_without_a_look_at_what_a_channel_is_called(nameless: Channel, cast: Cast) -> None:
    said(cast.alice, nameless)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Channel.objects.filter(pk=nameless.pk).update(name="")
    assert violates(refused.value, "channels_name")


def test_a_form_is_told_before_anything_is_written(cast: Cast) -> None:
    cast.team.name = ""
    with pytest.raises(ValidationError, match="channels_name"):
        cast.team.validate_constraints()


def test_a_migration_is_missed_when_one_kind_of_check_takes_the_place_of_the_other() -> None:
    plain, when_written = (kind(name="a", condition=Q(kind="b")) for kind in (CheckConstraint, CheckWhenWritten))
    assert plain != when_written
    assert when_written != plain
    assert when_written == when_written.clone()

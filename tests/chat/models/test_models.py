"""The constraints of the database, under the names that the code uses."""

import pytest
from django.db import IntegrityError, connection, transaction

from chat import services
from chat.models import Channel, Member, Message
from tests.conftest import Cast, said

pytestmark = pytest.mark.django_db


def names(sql: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {name for (name,) in cursor.fetchall()}


def test_tables_indexes_and_constraints_have_the_names_of_the_schema() -> None:
    assert {"channels", "channel_members", "messages"} <= names("SELECT tablename FROM pg_tables")
    indexes = names("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
    assert {"idx_messages_channel_created", "idx_channel_members_user", "idx_messages_body_gin"} <= indexes
    assert "max_members" in names("SELECT conname FROM pg_constraint")
    definition = names("SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_messages_body_gin'").pop()
    assert "gin_trgm_ops" in definition


def test_trigrams_know_letters_beyond_ascii() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT show_trgm('日本語'), show_trgm('Ünï')")
        assert all(cursor.fetchone())


def test_the_database_refuses_a_body_of_2049_bytes(cast: Cast) -> None:
    said(cast.alice, cast.team, "x" * 2048)
    row = Message.objects.get(body__startswith="xx")
    for body in ("x" * 2049, "€" * 683):
        with pytest.raises(IntegrityError, match="messages_body_bytes"), transaction.atomic():
            Message.objects.filter(pk=row.pk).update(body=body)


def test_the_database_refuses_the_101st_member(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="max_members"), transaction.atomic():
        Channel.objects.filter(pk=cast.team.pk).update(member_count=101)


@pytest.mark.parametrize("cursor", ["delivered_seq", "read_seq"])
def test_the_database_refuses_a_cursor_that_goes_back(cast: Cast, cursor: str) -> None:
    Member.objects.filter(channel=cast.team, user=cast.bob).update(delivered_seq=5, read_seq=5)
    with pytest.raises(IntegrityError, match="a cursor moves forward only"), transaction.atomic():
        Member.objects.filter(channel=cast.team, user=cast.bob).update(**{cursor: 1})


def test_the_database_refuses_a_head_that_goes_back(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="forward only"), transaction.atomic():
        Channel.objects.filter(pk=cast.team.pk).update(head=1)


def test_the_database_refuses_a_second_row_for_one_client_msg_id(cast: Cast) -> None:
    said(cast.alice, cast.team)
    row = Message.objects.filter(kind="text").get()
    row.pk = None
    row.seq = row.rev = 99
    with pytest.raises(IntegrityError, match="messages_once"), transaction.atomic():
        row.save(force_insert=True)


def test_usernames_are_unique_whatever_their_case(cast: Cast) -> None:
    with pytest.raises(services.people.Invalid):
        services.create_user("ALICE")

"""A message takes files of its sender, each once, whole and under the lock; it is repeated, edited and deleted with them."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from django.db import connection, connections

from chat import services, shapes
from chat.models import File, Message
from chat.reads.lasts import lasts_of
from chat.services import Draft
from chat.services.drafts import check_draft
from delivery.source import Committed
from delivery.wire import errors
from tests.conftest import Cast, said, say
from tests.stage.files import file_of

pytestmark = pytest.mark.django_db


def message(committed: Committed) -> Any:
    return msgspec.json.decode(committed.raw)


def test_a_message_has_its_files_in_the_order_that_they_were_named(cast: Cast) -> None:
    files = [file_of(cast.bob, name, has_preview=name == "b.png") for name in ("a.png", "b.png", "c.png")]
    asked = (files[2].pk, files[0].pk, files[1].pk)
    first = said(cast.bob, cast.team, "", files=asked)
    sent = message(first)
    assert [file["id"] for file in sent["files"]] == list(asked)
    assert sent["files"][2] == {
        "id": files[1].pk,
        "name": "b.png",
        "size": 48_211,
        "type": "image/png",
        "width": 1280,
        "height": 720,
        "url": f"/files/{files[1].pk}/",
        "preview": f"/files/{files[1].pk}/preview/",
    }
    row = Message.objects.get(pk=sent["id"])
    # What was sent is what the row says, to the byte.
    assert msgspec.json.encode(shapes.message_of(row)) == first.raw
    assert {file.message_id for file in File.objects.all()} == {sent["id"]}


def test_a_message_with_a_file_takes_one_round_trip(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    said(cast.bob, cast.team, "known by now")
    asked: list[str] = []
    rows = services.posting.prepared_sql.rows  # type: ignore[attr-defined]
    monkeypatch.setattr(
        services.posting.prepared_sql, "rows", lambda sql, values: asked.append(sql) or rows(sql, values)
    )  # type: ignore[attr-defined]
    said(cast.bob, cast.team, "look", files=(file_of(cast.bob).pk,))
    assert len(asked) == 1


def foreign(cast: Cast) -> int:
    return file_of(cast.alice).pk


def unknown(cast: Cast) -> int:
    return file_of(cast.bob).pk + 1000


def unfinished(cast: Cast) -> int:
    return file_of(cast.bob, is_whole=False).pk


def taken(cast: Cast) -> int:
    file = file_of(cast.bob)
    said(cast.bob, cast.team, "mine", files=(file.pk,))
    return file.pk


def deleted(cast: Cast) -> int:
    file = file_of(cast.bob)
    sent = message(said(cast.bob, cast.team, "mine", files=(file.pk,)))
    services.delete_message(cast.bob, channel=cast.team.pk, message=sent["id"])
    return file.pk


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        (foreign, errors.NotFound),
        (unknown, errors.NotFound),
        (unfinished, errors.Invalid),
        (taken, errors.Conflict),
        (deleted, errors.NotFound),
    ],
)
def test_a_file_that_can_not_be_taken_refuses_the_message_and_no_other(
    cast: Cast, file: Callable[[Cast], int], refusal: type[errors.Refused]
) -> None:
    wrong, right = file(cast), file_of(cast.bob).pk
    before = Message.objects.count()
    drafts = [
        Draft(channel=cast.team.pk, sender=cast.bob.pk, client_msg_id=uuid.uuid4(), body="look", files=files)
        for files in [(right, wrong), (), (right,)]
    ]
    refused, plain, other = services.post_messages(drafts)
    assert type(refused) is refusal
    assert isinstance(plain, Committed)
    # Nothing half done: the file that was named beside it is still free.
    assert isinstance(other, Committed)
    assert Message.objects.count() == before + 2


def test_a_file_belongs_to_one_message_also_of_one_batch(cast: Cast) -> None:
    file = file_of(cast.bob).pk
    drafts = [
        Draft(channel=cast.team.pk, sender=cast.bob.pk, client_msg_id=uuid.uuid4(), body="look", files=(file,))
        for _ in range(2)
    ]
    first, second = services.post_messages(drafts)
    assert isinstance(first, Committed)
    assert isinstance(second, errors.Conflict)


def test_a_repeat_is_a_duplicate_with_the_same_files_and_a_conflict_with_others(cast: Cast) -> None:
    files, again = [file_of(cast.bob).pk, file_of(cast.bob).pk], uuid.uuid4()
    first = said(cast.bob, cast.team, "look", client_msg_id=again, files=tuple(files))
    repeat = said(cast.bob, cast.team, "look", client_msg_id=again, files=tuple(files))
    assert repeat.duplicate
    assert message(repeat)["files"] == message(first)["files"]
    for other in [(), (files[0],), tuple(reversed(files))]:
        assert isinstance(say(cast.bob, cast.team, "look", client_msg_id=again, files=other), errors.Conflict)


def test_words_beside_files_may_be_taken_away_and_the_only_words_may_not(cast: Cast) -> None:
    sent = message(said(cast.bob, cast.team, "look", files=(file_of(cast.bob).pk,)))
    row = services.edit_message(cast.bob, channel=cast.team.pk, message=sent["id"], body="")
    assert shapes.message_of(row).files
    plain = message(said(cast.bob, cast.team, "words"))
    with pytest.raises(errors.Empty):
        services.edit_message(cast.bob, channel=cast.team.pk, message=plain["id"], body="")


def test_a_list_shows_the_names_of_files_where_there_are_no_words(cast: Cast) -> None:
    said(cast.bob, cast.team, "", files=(file_of(cast.bob, "a.png").pk, file_of(cast.bob, "b.png").pk))
    cast.team.refresh_from_db()
    assert lasts_of([cast.team], unheard=[])[cast.team.pk].text == "a.png, b.png"


def test_a_deleted_message_has_no_files(cast: Cast) -> None:
    sent = message(said(cast.bob, cast.team, "", files=(file_of(cast.bob).pk,)))
    row = services.delete_message(cast.bob, channel=cast.team.pk, message=sent["id"])
    assert shapes.message_of(row).files == []
    assert not File.objects.held().exists()


@pytest.mark.holds("files_per_message")
def test_a_message_has_ten_files_at_most_each_named_once(cast: Cast) -> None:
    def draft(*files: int, body: str = "") -> Draft:
        return Draft(channel=1, sender=1, client_msg_id=uuid.uuid4(), body=body, files=files)

    check_draft(draft(*range(10)))
    for wrong, refusal in [
        (draft(*range(11)), errors.Invalid),
        (draft(1, 1), errors.Invalid),
        (draft(), errors.Empty),
        (draft(1, body="  "), errors.Empty),
    ]:
        with pytest.raises(refusal):
            check_draft(wrong)


@pytest.mark.django_db(transaction=True)
def test_two_channels_that_ask_for_one_file_at_the_same_moment_get_it_once(cast: Cast) -> None:
    other = services.open_channel(cast.bob, name="other", kind="private")
    for turn in range(5):
        file, start, outcomes = file_of(cast.bob).pk, threading.Barrier(2), []

        def post(
            channel: Any, file: int = file, start: Any = start, outcomes: Any = outcomes, turn: int = turn
        ) -> None:
            start.wait()
            outcomes.append(say(cast.bob, channel, f"look {turn}", files=(file,)))
            connections.close_all()

        threads = [threading.Thread(target=post, args=[channel]) for channel in (cast.team, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Committed", "Conflict"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM messages WHERE files IS NOT NULL")
        assert cursor.fetchone() == (5,)

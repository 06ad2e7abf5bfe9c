"""The shapes that are sent: each is defined once, and the same from every encoder."""

import ast
import inspect
import re
import uuid
from collections.abc import Iterator

import msgspec
import pytest

from chat import clock, shapes
from chat.api.openapi import document
from chat.models import Channel, ChannelKind, Message
from chat.reads.sent import beside, changed_in, changed_since, messages_by_id
from chat.services import Draft, post_messages
from chat.shapes import columns
from delivery.source import Committed
from delivery.wire.codec import encode
from tests.conftest import Cast
from tests.stage.servers import ROOT


def modules() -> Iterator[object]:
    # columns.py is what shapes are made from, where there is no row.
    return (module for module in vars(shapes).values() if inspect.ismodule(module) and module is not columns)


@pytest.mark.django_db
def test_a_message_that_was_posted_just_now_is_spelled_like_its_row(cast: Cast) -> None:
    first = Message.objects.filter(channel=cast.team).order_by("seq").first()
    assert first is not None
    draft = Draft(channel=cast.team.pk, sender=cast.bob.pk, client_msg_id=uuid.uuid4(), body="hé", reply_to=first.pk)
    [committed] = post_messages([draft])
    assert isinstance(committed, Committed)
    row = Message.objects.for_the_wire().get(client_msg_id=draft.client_msg_id)
    assert committed.raw == encode(shapes.message_of(row))


@pytest.mark.django_db
def test_what_is_kept_with_a_message_is_sent_with_it(cast: Cast) -> None:
    row = Message.objects.filter(channel=cast.team).for_the_wire().first()
    assert row is not None
    bare = shapes.message_of(row)
    assert (bare.reactions, bare.files, bare.replies) == ({}, [], msgspec.UNSET)
    assert msgspec.to_builtins(bare.mentions) == {"users": [], "everyone": False}
    file = {
        "id": 7,
        "name": "plan.png",
        "size": 1_200,
        "type": "image/png",
        "url": "/files/7/",
        "width": 40,
        "height": 30,
    }
    row.reactions, row.mentions, row.files = {"👍": [cast.bob.pk]}, {"users": [cast.bob.pk], "everyone": True}, [file]
    row.thread_id, row.reply_count, row.last_reply_seq, row.pinned_at = row.pk, 2, 9, row.created_at
    row.save()
    kept = Message.objects.for_the_wire().get(pk=row.pk)
    sent = msgspec.to_builtins(shapes.message_of(kept))
    assert (sent["reactions"], sent["mentions"], sent["files"]) == (row.reactions, row.mentions, [file])
    assert (sent["thread"], sent["replies"]) == (row.pk, {"count": 2, "last_seq": 9})
    assert sent["pinned_at"] == sent["created_at"]
    [read], _ = beside("channel_id", cast.team.pk, row.seq + 1, older=1)
    [changed] = changed_since(cast.team.pk, row.rev - 1, limit=1)
    for each in (read, changed, *changed_in({cast.team.pk: row.rev - 1}, limit=1), messages_by_id([row.pk])[row.pk]):
        assert shapes.message_of(each) == shapes.message_of(kept)


def test_every_struct_is_sent_by_an_operation_or_a_part_of_one_that_is() -> None:
    """None serves a document only."""
    documented = {*document()["components"]["schemas"], *pages()}
    structs = {
        value.__name__: value
        for module in modules()
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, msgspec.Struct) and value.__module__ == module.__name__  # type: ignore[attr-defined]
    }
    heirs = {base.__name__ for struct in structs.values() for base in struct.__mro__[1:]}
    assert structs.keys() - heirs <= documented


def pages() -> set[str]:
    """The kinds of pages that operations give, each of rows of some shape: `CursorPage[Channel]`."""
    titles = re.findall(r'"title":"(\w+)\[', msgspec.json.encode(document()["paths"]).decode())
    return set(titles)


def test_what_is_sent_is_no_dict() -> None:
    for path in [*(ROOT / "chat" / "shapes").rglob("*.py"), *(ROOT / "chat" / "reads").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns is not None:
                assert ast.unparse(node.returns) != "dict[str, Any]", f"{path.relative_to(ROOT)}: {node.name}"
    for path in (ROOT / "chat").rglob("*.py"):
        # Examples are shown as they go over the wire.
        assert "to_builtins" not in path.read_text() or path.name == "examples.py", path.relative_to(ROOT)


def test_a_channel_says_to_those_outside_nothing_of_its_members() -> None:
    seen = shapes.channel_of(Channel(pk=3, name="team", kind=ChannelKind.PUBLIC, created_at=clock.now()))
    sent = msgspec.json.decode(encode(seen))
    assert not sent.keys() & {"role", "can", "read_seq", "unread", "people", "is_member", "refused"}

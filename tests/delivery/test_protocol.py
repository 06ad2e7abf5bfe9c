"""The wire contract: what the code spells is what is documented, and nothing that was named has changed."""

import datetime
import re
from pathlib import Path

import msgspec
import pytest

from chat.shapes import Message
from chatproject import tables
from delivery.client import connection
from delivery.wire import codec, types
from delivery.wire.commands import COMMANDS
from delivery.wire.errors import REFUSALS
from delivery.wire.frames import FRAMES
from delivery.wire.types import CloseCode
from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

PAGES = tables.pages(ROOT)
#: All that is generated, in one text.
DOCS = "\n".join(page.read_text() for page in PAGES)


def tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_of_the_documents_are_those_of_the_code(page: Path) -> None:
    assert tables.renewed(page.read_text()) == page.read_text(), "run `manage.py tables`"


@pytest.mark.parametrize("name", tables.TABLES)
def test_every_table_stands_in_one_document(name: str) -> None:
    assert DOCS.count(f"<!-- table: {name} -->") == 1


@pytest.mark.parametrize("kind", [*COMMANDS, *FRAMES], ids=tag)
def test_every_frame_says_what_it_is(kind: type[msgspec.Struct]) -> None:
    assert (kind.__doc__ or "").strip()
    assert f"| `{tag(kind)}` |" in DOCS


@pytest.mark.parametrize("kind", COMMANDS, ids=tag)
def test_commands_take_no_unknown_field(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.forbid_unknown_fields
    assert kind.__struct_config__.frozen


def test_every_code_is_documented_once() -> None:
    for refusal in REFUSALS:
        assert DOCS.count(f"\n| `{refusal.code}` |") == 1
    for code in CloseCode:
        assert re.search(rf"^\| {int(code)} \|", DOCS, re.MULTILINE)


def test_the_codes_are_those_of_the_contract() -> None:
    assert {refusal.code for refusal in REFUSALS} == {
        *(
            "invalid",
            "unknown_op",
            "not_found",
            "not_a_member",
            "forbidden",
            "empty",
            "too_long",
            "conflict",
            "archived",
        ),
        *(
            "overtaken",
            "claimed",
            "at_capacity",
            "not_verified",
            "too_big",
            "quota",
            "unsupported_type",
            "muted",
            "blocked",
            "removed",
            "rate_limited",
            "queue_full",
            "channel_full",
            "too_many_connections",
            "unavailable",
            "internal",
        ),
    }
    assert {int(code) for code in CloseCode} == {1009, 4000, 4001, 4002, 4003, 4004, 4500, 4501, 4502, 4503}


def test_no_frame_is_spelled_outside_the_contract() -> None:
    ops = {tag(kind) for kind in (*COMMANDS, *FRAMES)} - {
        "ok",
        "error",
        "read",
        "channel",
        "sync",
        "delivered",
        "receipts",
        "changes",
    }
    for path in [*(ROOT / "delivery").rglob("*.py"), *(ROOT / "chat").rglob("*.py")]:
        # frames.py has the examples of the AsyncAPI document; the Python client speaks for itself.
        if {"wire", "client"} & set(path.parts) or path.name == "frames.py":
            continue
        for op in ops:
            assert f'"op": "{op}"' not in path.read_text(), path


@pytest.mark.parametrize(
    "text",
    ['{"op":"ping"}', '{"op":"ping","ref":null}', '{"op":"ping","ref":"a"}', '{"op":"sync","channels":{"1":2}}'],
)
def test_what_the_contract_allows_is_understood(text: str) -> None:
    codec.decode_command(text)


def test_times_have_microseconds_and_a_z() -> None:
    moment = datetime.datetime(1999, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    assert types.spell_time(moment) == "1999-01-02T01:04:05.000000Z"
    for microseconds, spelled in ((1, "000001"), (120000, "120000"), (999999, "999999")):
        assert types.spell_time(moment.replace(microsecond=microseconds)) == f"1999-01-02T01:04:05.{spelled}Z"


def test_a_message_has_the_fields_of_the_contract() -> None:
    assert {field.name for field in msgspec.structs.fields(Message)} == {
        *(
            "id",
            "channel",
            "seq",
            "rev",
            "client_msg_id",
            "sender",
            "kind",
            "body",
            "reply_to",
            "reactions",
            "created_at",
        ),
        *("edited_at", "deleted_at", "status", "delivered_at", "read_at", "event"),
        *("mentions", "thread", "replies", "files", "pinned_at"),
        # Beside the contract's, and only where there is a thread.
        *("also_in_channel", "replied_at", "repliers"),
    }


def test_both_clients_speak_the_same_version() -> None:
    assert connection.SUBPROTOCOL == types.SUBPROTOCOL
    source = "".join(path.read_text() for path in Path(ROOT / "chat/static/gapless").rglob("*.js"))
    assert types.SUBPROTOCOL in source

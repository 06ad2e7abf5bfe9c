"""The AsyncAPI 3 document of the socket is valid and complete, and fits the frames of a running server.

asyncapi/ has the official JSON Schema of AsyncAPI 3.0.0, unchanged but for its white space, under the Apache License 2.0.
"""

import json
from typing import Any

import httpx
import jsonschema
import msgspec
import pytest

from chat.api.asyncapi import document
from chat.api.frames import EXAMPLES
from delivery.wire.codec import decode_command
from delivery.wire.commands import COMMANDS
from delivery.wire.frames import FRAMES
from delivery.wire.types import SUBPROTOCOL, CloseCode
from tests.conftest import Cast
from tests.stage.servers import ROOT, Server

DOCUMENT: dict[str, Any] = json.loads(msgspec.json.encode(document()))
SPECIFICATION = json.loads((ROOT / "tests" / "stage" / "asyncapi" / "asyncapi-3.0.0.json").read_text())


def validator_of(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    )


@pytest.mark.fast
def test_the_document_is_asyncapi_3() -> None:
    jsonschema.Draft7Validator(SPECIFICATION).validate(DOCUMENT)


@pytest.mark.fast
def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    for reference in set(references(DOCUMENT)):
        place = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


@pytest.mark.fast
@pytest.mark.parametrize("frame", [*COMMANDS, *FRAMES], ids=lambda frame: frame.__name__)
def test_every_frame_is_in_it_with_an_example_that_fits(frame: type[msgspec.Struct]) -> None:
    payloads = [message["payload"]["$ref"] for message in DOCUMENT["components"]["messages"].values()]
    assert f"#/components/schemas/{frame.__name__}" in payloads
    validator_of(frame.__name__).validate(EXAMPLES[frame])
    if frame in COMMANDS:
        assert type(decode_command(json.dumps(EXAMPLES[frame]))) is frame


@pytest.mark.fast
def test_every_frame_is_taken_or_pushed_and_every_command_is_answered() -> None:
    def named(reference: dict[str, str]) -> str:
        message = DOCUMENT["channels"]["socket"]["messages"][reference["$ref"].rpartition("/")[2]]
        payload = DOCUMENT["components"]["messages"][message["$ref"].rpartition("/")[2]]["payload"]
        return str(payload["$ref"].rpartition("/")[2])

    operations = DOCUMENT["operations"].values()
    for action, frames in (("receive", COMMANDS), ("send", FRAMES)):
        found = [named(message) for each in operations if each["action"] == action for message in each["messages"]]
        assert sorted(found) == sorted(frame.__name__ for frame in frames)
    for each in operations:
        if each["action"] == "receive":
            answer = "Pong" if named(each["messages"][0]) == "Ping" else "Ok"
            assert [named(message) for message in each["reply"]["messages"]] == [answer, "Error"]


def test_it_says_where_the_socket_is_and_why_it_closes(server: Server) -> None:
    assert server.ws.endswith(DOCUMENT["channels"]["socket"]["address"])
    assert SUBPROTOCOL in DOCUMENT["channels"]["socket"]["title"]
    assert all(str(int(code)) in DOCUMENT["info"]["description"] for code in CloseCode)


async def test_what_is_really_said_fits_it(server: Server, cast: Cast) -> None:
    assert httpx.get(f"{server.url}/api/v1/asyncapi.json").json() == DOCUMENT
    async with server.connect(cast.token(cast.bob)) as bob, server.connect(cast.token(cast.alice)) as alice:
        validator_of("Hello").validate(bob.hello)
        ok = await alice.post(cast.team.pk, "hello")
        validator_of("Ok").validate(ok)
        validator_of("Pong").validate(await alice.command("ping"))
        by_op = {str(frame.__struct_config__.tag): frame.__name__ for frame in FRAMES}
        while (push := await bob.pushes.get())["op"] != "changes":
            validator_of(by_op[push["op"]]).validate(push)
        validator_of("Changes").validate(push)

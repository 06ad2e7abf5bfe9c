"""The OpenAPI document is valid and complete, with examples, and a running server behaves as it says."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import msgspec
import pytest
import schemathesis
from django.conf import settings as django_settings
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from rest_framework.views import APIView
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chat import services
from chat.api.openapi import REFUSALS, document, documentation_of
from chat.models import Message
from tests.conftest import Cast, said
from tests.stage import patience
from tests.stage.servers import Server
from tests.stage.support import held_by

DOCUMENT: dict[str, Any] = json.loads(msgspec.json.encode(document(), enc_hook=str))
OPERATIONS = [
    (path, method)
    for path, item in DOCUMENT["paths"].items()
    for method in item
    if method in ("get", "post", "patch", "delete")
]
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance),
]
#: Left out and empty mean the same here.
MAY_BE_EMPTY = {
    "AgentRevision.public_name",
    "AnswerInput.body",
    "Arrangement.section",
    "ChannelInput.name",
    "ChannelInput.topic",
    "ChannelRevision.name",
    "ChannelRevision.reason",
    "ChannelRevision.topic",
    "FirstMessage.body",
    "FirstMessage.locale",
    "FirstMessage.page",
    "InboxRevision.closed_text",
    "InboxRevision.greeting",
    "InboxRevision.mail_from",
    "MessageInput.body",
    "NewMember.reason",
    "NewRole.reason",
    "NoteInput.body",
    "Profile.activity",
    "Profile.display_name",
    "RatingInput.comment",
    "Reasoned.reason",
    "Removing.reason",
    "ResolveInput.body",
    "TokenInput.password",
    "VisitInput.identity",
}
#: A few examples of each operation for each caller, always the same ones. `schemathesis run` does more, by hand.
SPARINGLY = settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def api_views() -> Iterator[type[APIView]]:
    def walk(patterns: Any) -> Iterator[type[APIView]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            elif isinstance(pattern, URLPattern) and hasattr(pattern.callback, "cls"):
                yield pattern.callback.cls

    return walk(get_resolver().url_patterns)


@pytest.mark.fast
def test_the_document_is_openapi_3_1() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.1"


@pytest.mark.fast
def test_every_operation_is_documented() -> None:
    for view in api_views():
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method):
                assert documentation_of(view, method).gives, f"{view.__name__}.{method}"


@pytest.mark.fast
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_an_operation_says_what_it_does_and_every_status(path: str, method: str) -> None:
    operation = DOCUMENT["paths"][path][method]
    assert operation["summary"].endswith((".", "`."))
    said = "A token needs the scope" if operation["security"] else "No sign-in is needed"
    assert said in operation["description"]
    statuses = {int(status) for status in operation["responses"]}
    assert statuses & {200, 201, 204}
    assert {401, 403, 500, 503} <= statuses
    assert statuses - {200, 201, 204} <= set(REFUSALS)
    assert ("{" in path) <= (404 in statuses)


def test_a_summary_is_plain_text() -> None:
    said = [operation["summary"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert not [summary for summary in said if "`" in summary]


def test_every_shape_has_an_example_that_fits_it() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    objects = {name for name, schema in schemas.items() if schema.get("type") == "object"}
    examples = {name: schema["examples"] for name, schema in schemas.items() if "examples" in schema}
    assert objects == set(examples)
    for name, [example] in examples.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        jsonschema.Draft202012Validator(schema).validate(example)


@pytest.mark.fast
def test_what_a_request_may_hold_is_bounded_in_the_document() -> None:
    """So that a client made from it never sends what is refused for its size alone."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if schema.get("additionalProperties") is not False:
            continue
        for field, shape in schema["properties"].items():
            kinds = shape.get("type", [])
            if "string" in kinds and "format" not in shape:
                assert "maxLength" in shape, f"{name}.{field}"
                assert "minLength" in shape or f"{name}.{field}" in MAY_BE_EMPTY, f"{name}.{field}"
            if "integer" in kinds:
                assert {"minimum", "maximum"} <= shape.keys(), f"{name}.{field}"
            if "array" in kinds:
                assert "maxItems" in shape, f"{name}.{field}"
    bounds = DOCUMENT["components"]["schemas"]["BulkMute"]["properties"]["minutes"]
    assert (bounds["minimum"], bounds["maximum"]) == (1, django_settings.LIMITS.mute_minutes)


@pytest.mark.fast
def test_an_error_document_says_what_its_errors_are() -> None:
    """Generators of clients leave out a body with a shape that they can't know."""
    errors = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["errors"]
    assert errors["additionalProperties"] == {"type": "array", "items": {"type": "string"}}

    def arrays(shape: Any) -> Iterator[Any]:
        if isinstance(shape, dict):
            if shape.get("type") == "array":
                yield shape
            for below in shape.values():
                yield from arrays(below)
        elif isinstance(shape, list):
            for below in shape:
                yield from arrays(below)

    assert all("items" in array for array in arrays(DOCUMENT))


@pytest.mark.fast
def test_parameters_that_exclude_each_other_say_so() -> None:
    parameters = DOCUMENT["paths"]["/api/v1/channels/{id}/messages/"]["get"]["parameters"]
    found = {parameter["name"]: parameter for parameter in parameters}
    assert found["before"]["description"].endswith("Not together with after and around.")
    assert found["around"]["x-excludes"] == ["before", "after"]


def test_the_document_is_served_to_everybody(server: Server) -> None:
    answer = httpx.get(f"{server.url}/api/v1/schema/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == DOCUMENT


def test_every_answer_carries_the_id_of_its_request(server: Server, cast: Cast) -> None:
    with server.http(cast.token(cast.alice)) as http:
        assert http.get("/users/me/").headers["X-Request-ID"]
        refused = http.get("/channels/0/")
        assert refused.json()["request_id"] == refused.headers["X-Request-ID"]


@pytest.mark.parametrize("name", ["alice", "bob", "sam", "vera"])
def test_the_server_does_what_the_document_says(server: Server, cast: Cast, name: str) -> None:
    """As a moderator, a member, staff and a visitor: no 5xx, no status and no shape that isn't documented."""
    said(cast.bob, cast.team, "hello")
    conversation = held_by(cast.sam, visitor=cast.vera)
    message = Message.objects.get(body="hello").pk
    known = {
        "id": [cast.team.pk, conversation.pk],
        "message": [message],
        "user": [cast.bob.pk, cast.vera.pk],
        "key": ["none"],
    }
    secret = services.create_token(getattr(cast, name), name="x", scopes=["read", "write", "moderate", "tokens"])
    failures: list[str] = []
    for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations():
        operation = result.ok()

        @SPARINGLY
        @given(case=operation.as_strategy(), is_known=st.booleans(), which=st.randoms(use_true_random=False))
        def try_out(case: Any, is_known: bool, which: Any) -> None:
            # Random ids lead nowhere: half of the requests are about what is there.
            for parameter in case.path_parameters or {}:
                if is_known and not case.path.startswith("/api/v1/tokens/"):
                    case.path_parameters[parameter] = which.choice(known[parameter])
            answer = case.call(
                base_url=server.url, headers={"Authorization": f"Bearer {secret}"}, timeout=patience.SECONDS
            )
            try:
                case.validate_response(answer, checks=CHECKS)
            except BaseExceptionGroup as found:
                # No Exception, so that Hypothesis and pytest would both let it pass.
                failures.extend(f"{case.method} {answer.request.url}: {failure}" for failure in found.exceptions)

        try_out()
    assert not failures, "\n".join(failures)

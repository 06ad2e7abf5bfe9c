"""Traces and error reports reach their collectors, and have no text of messages."""

import importlib.util
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chatproject import env, telemetry
from chatproject.telemetry import reports
from tests.conftest import Cast, in_thread
from tests.stage.collector import Collector, collecting
from tests.stage.servers import Server, expect

SECRET_WORDS = "the merger is on friday"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def traced(collector: Collector) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_SERVICE_NAME": "chat-in-tests",
    }


def spans(collector: Collector) -> list[dict[str, Any]]:
    """Name, trace, own and parent's id, process and attributes of all that were exported."""
    found = []
    for body in collector.at("/v1/traces"):
        for of_process in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {pair.key: pair.value for pair in of_process.resource.attributes}
            assert about["service.name"].string_value == "chat-in-tests"
            for scope in of_process.scope_spans:
                found += [
                    {
                        "name": span.name,
                        "trace": span.trace_id,
                        "id": span.span_id,
                        "parent": span.parent_span_id,
                        "seconds": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                        "process": about["process.pid"].int_value,
                        "said": {pair.key: pair.value for pair in span.attributes},
                    }
                    for span in scope.spans
                ]
    return found


async def test_a_message_is_one_trace_from_its_lane_to_the_last_socket_of_every_process(
    cast: Cast, kept_server: Callable[..., Server], own_server: Callable[..., Server], collector: Collector
) -> None:
    here, there = kept_server(**traced(collector)), own_server(**traced(collector))
    key = str(uuid.uuid4())
    async with here.connect(cast.token(cast.alice)) as alice, there.connect(cast.token(cast.bob)) as bob:
        await alice.sync({cast.team.pk: 0})
        await bob.sync({cast.team.pk: 0})
        answer = await alice.post(cast.team.pk, SECRET_WORDS, client_msg_id=key)
        await alice.post(cast.team.pk, SECRET_WORDS, client_msg_id=key)
        await expect(lambda: key in [change.get("client_msg_id") for change in bob.changes.get(cast.team.pk, ())])

        def of_message() -> list[dict[str, Any]]:
            firsts = [span for span in spans(collector) if span["name"] == "message"]
            traces = {span["trace"] for span in firsts}
            assert len(firsts) == len(traces) <= 1
            return [span for span in spans(collector) if span["trace"] in traces]

        expected = ["commit", "commit", "deliver", "deliver", "message", "message repeated"] + ["wait in the lane"] * 2
        await expect(lambda: sorted(span["name"] for span in of_message()) == expected)
    found = of_message()
    (first,) = [span for span in found if span["name"] == "message"]
    assert first["parent"] == b""
    assert first["said"]["gapless.seq"].int_value == answer["message"]["seq"]
    delivered = [span for span in found if span["name"] == "deliver"]
    assert len({span["process"] for span in delivered}) == 2
    assert [span["said"]["gapless.sockets"].int_value for span in delivered] == [1, 1]
    assert {span["parent"] for span in delivered} == {first["id"]}
    assert all(0 <= span["seconds"] < 20 for span in found)
    assert not any(SECRET_WORDS.encode() in body for _, body in collector.came)


async def test_a_request_is_in_the_trace_of_its_client_by_its_pattern(
    cast: Cast, kept_server: Callable[..., Server], collector: Collector
) -> None:
    server = kept_server(**traced(collector))
    trace = "0af7651916cd43dd8448eb211c80319c"

    def ask() -> int:
        with server.http(cast.token(cast.alice)) as alice:
            asked = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
            return alice.get("/search/?q=secret", headers=asked).status_code

    assert await in_thread(ask) == 200
    await expect(lambda: [span for span in spans(collector) if span["trace"].hex() == trace])
    (span,) = [span for span in spans(collector) if span["trace"].hex() == trace]
    assert span["name"] == "GET api/v1/search/"
    assert span["parent"].hex() == "b7ad6b7169203331"
    assert span["said"]["http.response.status_code"].int_value == 200
    assert not any(b"secret" in body for _, body in collector.came)


async def test_an_error_is_reported_without_the_row_that_it_is_about(
    cast: Cast, own_server: Callable[..., Server], collector: Collector
) -> None:
    server = own_server(SENTRY_DSN=f"http://key@127.0.0.1:{collector.port}/1", SENTRY_ENVIRONMENT="tests")
    refuse = (
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'no room for this' USING DETAIL = NEW.body; END $$;"
        "CREATE TRIGGER poison BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION poison()"
    )
    await in_thread(execute, refuse)
    try:
        async with server.connect(cast.token(cast.alice)) as alice:
            await alice.sync({cast.team.pk: 0})
            with pytest.raises(Exception, match="internal"):
                await alice.post(cast.team.pk, SECRET_WORDS)
        await expect(lambda: collector.at("/api/1/envelope/"))
    finally:
        await in_thread(execute, "DROP TRIGGER poison ON messages; DROP FUNCTION poison()")
    (event,) = [
        said for body in collector.at("/api/1/envelope/") for line in body.splitlines()
        if (said := json.loads(line)).get("exception")
    ]  # fmt: skip
    assert event["environment"] == "tests"
    assert event["exception"]["values"][-1]["value"] == "no room for this"
    assert not any(SECRET_WORDS.encode() in body for _, body in collector.came)


@pytest.mark.fast
def test_a_report_has_no_address_that_lets_somebody_in() -> None:
    asked = {"url": "https://chat.example.com/invite/s3cret?q=merger", "query_string": "q=merger", "cookies": "a=b"}
    event = reports.without_what_is_said({"request": asked}, None)
    assert event["request"] == {"url": "https://chat.example.com/invite/…"}


@pytest.mark.fast
def test_a_missing_library_is_named_with_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "SENTRY_DSN", "http://key@localhost/1")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(env.EnvError, match="pip install -r requirements-telemetry"):
        telemetry.begin()


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

"""Traces over OpenTelemetry: each message from its lane to the last socket of every process, and each HTTP request.

Every process computes the id of a message's trace from its place in the log. Nothing is sent along, so a repeated message, or one
that a process read from the rows because Redis lost the announcement, is in its trace too. Spans are made when they end, and
contain no text of messages.
"""

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.util.types import Attributes

from chatproject.serving import measuring
from chatproject.version import VERSION
from delivery.bus.announcements import Change
from delivery.live import tracing
from delivery.live.tracing import Answered
from delivery.source import Committed
from delivery.wire.errors import Refused

#: A message's trace, and the id of its first span.
Ids = tuple[int, int]


class _Numbered(msgspec.Struct):
    """The part of a committed message's answer that the trace needs."""

    seq: int


_seq = msgspec.json.Decoder(_Numbered)


def begin(exporter: str) -> None:
    """Begins tracing. `exporter`: otlp or console. The library reads all other settings from the standard variables."""
    ids = _GivenIds()
    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": os.environ.get("OTEL_SERVICE_NAME", "gapless"),
                "service.version": VERSION,
                "process.pid": os.getpid(),
            }
        ),
        id_generator=ids,
    )
    to: SpanExporter = ConsoleSpanExporter() if exporter == "console" else OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(to))
    traces = Traces(provider, ids)
    tracing.tracers.append(traces)
    measuring.response_listeners.append(traces.requested)


class Traces:
    def __init__(self, provider: TracerProvider, ids: "_GivenIds") -> None:
        self._sampler = provider.sampler
        self._ids = ids
        self._tracer = provider.get_tracer("gapless", VERSION)
        # The key makes the ids differ from those of other installations.
        self._key = hashlib.sha256(settings.SECRET_KEY.encode()).digest()

    def answered(self, batch: Answered) -> None:
        clock = _Clock()
        for since, outcome in zip(batch.since, batch.outcomes, strict=True):
            span = self._begin_message(batch.channel_id, outcome, clock.at(since))
            if span.is_recording():
                inside = set_span_in_context(span, Context())
                self._whole("wait in the lane", inside, clock.at(since), clock.at(batch.taken_at))
                size = {"messaging.batch.message_count": len(batch.outcomes)}
                self._whole("commit", inside, clock.at(batch.taken_at), clock.now, size)
            span.end(clock.now)

    def delivered(self, channel_id: int, changes: Sequence[Change], *, sockets: int, began_at: float) -> None:
        clock = _Clock()
        for change in changes:
            if change.rev == change.key:
                inside = self._context_of(self._place(channel_id, change.key))
                self._whole("deliver", inside, clock.at(began_at), clock.now, {"gapless.sockets": sockets})

    def requested(
        self, request: HttpRequest, response: HttpResponse, *, route: str, method: str, began_at: float
    ) -> None:
        clock = _Clock()
        inside = extract({"traceparent": request.headers.get("traceparent", "")}, Context())
        said: Attributes = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": response.status_code,
        }
        span = self._tracer.start_span(
            f"{method} {route}", inside, kind=SpanKind.SERVER, attributes=said, start_time=clock.at(began_at)
        )
        if response.status_code >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(clock.now)

    def _begin_message(self, channel_id: int, outcome: Committed | Refused, at: int) -> Span:
        where: dict[str, int] = {"gapless.channel": channel_id}
        if isinstance(outcome, Refused):
            span = self._message("message", Context(), at, {**where, "error.type": outcome.code})
            span.set_status(StatusCode.ERROR)
            return span
        seq = _seq.decode(outcome.raw).seq
        ids, said = self._place(channel_id, seq), {**where, "gapless.seq": seq}
        if outcome.duplicate:
            return self._message("message repeated", self._context_of(ids), at, said)
        with self._ids.given(ids):
            return self._message("message", Context(), at, said)

    def _message(self, name: str, inside: Context, at: int, said: Attributes) -> Span:
        return self._tracer.start_span(name, inside, kind=SpanKind.SERVER, attributes=said, start_time=at)

    def _whole(self, name: str, inside: Context, begin: int, end: int, said: Attributes = None) -> None:
        self._tracer.start_span(name, inside, attributes=said, start_time=begin).end(end)

    def _place(self, channel_id: int, seq: int) -> Ids:
        digest = hashlib.blake2b(f"{channel_id} {seq}".encode(), digest_size=24, key=self._key).digest()
        return int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:], "big")

    def _context_of(self, ids: Ids) -> Context:
        # All processes decide the same, because samplers use the trace's id.
        decision = self._sampler.should_sample(None, ids[0], "message").decision
        flags = TraceFlags(TraceFlags.SAMPLED if decision is Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT)
        first = SpanContext(*ids, is_remote=True, trace_flags=flags)
        return set_span_in_context(NonRecordingSpan(first), Context())


class _GivenIds(IdGenerator):
    """Generates random ids, except for a span that begins within `given`."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self._given: ContextVar[Ids | None] = ContextVar("given", default=None)

    @contextmanager
    def given(self, ids: Ids) -> Iterator[None]:
        token = self._given.set(ids)
        try:
            yield
        finally:
            self._given.reset(token)

    def generate_trace_id(self) -> int:
        given = self._given.get()
        return given[0] if given else self._random.generate_trace_id()

    def generate_span_id(self) -> int:
        given = self._given.get()
        return given[1] if given else self._random.generate_span_id()


class _Clock:
    """Converts times of time.perf_counter to nanoseconds since 1970."""

    def __init__(self) -> None:
        self.now = time.time_ns()
        self._counted = time.perf_counter()

    def at(self, counted: float) -> int:
        return self.now - int((self._counted - counted) * 1e9)

"""Traces: the spans of a message, their trace, and their attributes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import pytest
from attrs import define, field
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from linkhub_adapters.observability import Metrics, observe_store
from linkhub_adapters.observability.tracing import TracedAssembly, TracedNotifier, TracingJournal, begin_step
from linkhub_core.application import AssembleBatch, read_delivery
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage
from linkhub_core.testing.builders import KEY, an_outgoing
from linkhub_core.testing.flaky import FlakyNotifier, Strike, unavailable
from linkhub_core.wire.intake import Unwrapped, unwrap
from tests.core.application.assembly_harness import AssemblyHarness

_WORKERS = {kind: f"00-{number:032x}-00000000000000a{number}-01" for number, kind in enumerate(Kind, 1)}


def _traced(kind: Kind, **fields: object) -> OutgoingMessage:
    """A message whose worker began a trace."""
    outgoing = an_outgoing(kind, **fields)  # type: ignore[arg-type]  # what the event says
    attributes = {"correlationId": f"c-{kind}", "traceparent": _WORKERS[kind]}
    return OutgoingMessage(kind=kind, body=outgoing.body, attributes=attributes)


@define
class TracedHarness:
    """An assembly line in memory that is traced into memory."""

    exporter: InMemorySpanExporter = field(factory=InMemorySpanExporter)
    harness: AssemblyHarness = field(factory=AssemblyHarness)
    provider: TracerProvider = field(factory=lambda: TracerProvider(shutdown_on_exit=False))

    def __attrs_post_init__(self) -> None:
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    async def turn(self) -> None:
        """Receive one batch and work on it."""
        tracer, harness = self.provider.get_tracer("test"), self.harness
        assemble = AssembleBatch(
            queue=harness.queue,
            products=observe_store(harness.products, "products", Metrics(), begin_step),
            staging=observe_store(harness.staging, "staging", Metrics(), begin_step),
            notifier=TracedNotifier(inner=harness.notifier, tracer=tracer, system="linkhub"),
            journal=TracingJournal(inner=harness.journal, tracer=tracer),
            clock=harness.clock,
            staging_ttl=harness.assemble.staging_ttl,
            jitter=lambda: 0.0,
        )
        await TracedAssembly(assemble=assemble.assemble, tracer=tracer, system="linkhub")(await harness.queue.receive())

    def spans(self, name: str) -> Sequence[ReadableSpan]:
        """The finished spans of a name."""
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def span(self, name: str) -> ReadableSpan:
        """The only span of a name."""
        (span,) = self.spans(name)
        return span


def _trace_of(span: ReadableSpan) -> int:
    return span.get_span_context().trace_id  # type: ignore[union-attr]  # a span that ended has one


def _id_of(span: ReadableSpan) -> int:
    return span.get_span_context().span_id  # type: ignore[union-attr]  # a span that ended has one


def _parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def _facts(span: ReadableSpan) -> Mapping[str, object]:
    return dict(span.attributes or {})


async def test_the_body_of_a_traced_message_is_unwrapped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The span takes its attributes from the same reading that the assembly takes."""
    bodies: list[str] = []

    def counting(body: str) -> Unwrapped:
        bodies.append(body)
        return unwrap(body)

    monkeypatch.setattr(sys.modules[read_delivery.__module__], "unwrap", counting)
    traced = TracedHarness()
    await traced.harness.post(_traced(Kind.CAPTION), _traced(Kind.THUMBNAIL))
    await traced.turn()
    assert (len(bodies), len(set(bodies)), len(traced.exporter.get_finished_spans()) > 1) == (2, 2, True)


async def test_halves_that_come_apart() -> None:
    """Each message continues its worker's trace; the product is in the later one's, with a link to the earlier one."""
    traced = TracedHarness()
    await traced.harness.post(_traced(Kind.CAPTION))
    await traced.turn()
    caption = traced.span("process caption")
    assert (_trace_of(caption), _parent_of(caption), caption.kind) == (1, 0xA1, SpanKind.CONSUMER)
    assert _parent_of(traced.span("stage half")) == _id_of(caption)
    assert _facts(caption)["linkhub.outcome"] == "waiting"

    await traced.harness.post(_traced(Kind.THUMBNAIL))
    await traced.turn()
    thumbnail, saved = traced.span("process thumbnail"), traced.span("save product")
    assert (_trace_of(thumbnail), _trace_of(saved), _parent_of(saved)) == (2, 2, _id_of(thumbnail))
    assert [(link.context.trace_id, link.context.span_id) for link in saved.links] == [(1, _id_of(caption))]
    announced = traced.span("publish announcements")
    assert (_trace_of(announced), _parent_of(announced), announced.kind) == (2, _id_of(thumbnail), SpanKind.PRODUCER)
    (announcement,) = traced.harness.heard.taken
    assert announcement.traceparent == f"00-{2:032x}-{_id_of(announced):016x}-01"


async def test_both_halves_in_one_batch() -> None:
    """The product is below the later message, linked to the other one, and that one leads to it."""
    traced = TracedHarness()
    await traced.harness.post(_traced(Kind.CAPTION), _traced(Kind.THUMBNAIL))
    await traced.turn()
    saved, processes = traced.span("save product"), [traced.span(f"process {kind}") for kind in Kind]
    (below,) = (span for span in processes if _id_of(span) == _parent_of(saved))
    (other,) = (span for span in processes if span is not below)
    assert [link.context.span_id for link in saved.links] == [_id_of(other)]
    assert [link.context.span_id for link in other.links] == [_id_of(saved)]
    assert {_facts(span)["linkhub.outcome"] for span in processes} == {"saved"}
    assert below.start_time is not None
    assert saved.start_time is not None
    assert below.start_time <= saved.start_time


async def test_the_attributes_of_a_span() -> None:
    """The conventions for messaging, and whose video it is."""
    traced = TracedHarness()
    await traced.harness.post(_traced(Kind.CAPTION))
    await traced.turn()
    facts = _facts(traced.span("process caption"))
    assert (
        facts.items()
        >= {
            "messaging.system": "linkhub",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": "caption",
            "messaging.message.id": "m1",
            "messaging.message.conversation_id": "c-caption",
            "linkhub.receive_count": 1,
            "linkhub.seller_handle": KEY.seller_handle,
            "linkhub.video_id": KEY.video_id,
        }.items()
    )


async def test_a_message_without_a_trace_begins_one() -> None:
    """So does one whose trace context is nonsense."""
    traced = TracedHarness()
    for traceparent in ({}, {"traceparent": "nonsense"}):
        body = an_outgoing(Kind.CAPTION, video_id=f"v{len(traceparent)}").body
        await traced.harness.post(OutgoingMessage(kind=Kind.CAPTION, body=body, attributes=traceparent))
    await traced.turn()
    first, second = traced.spans("process caption")
    assert (first.parent, second.parent) == (None, None)
    assert _trace_of(first) != _trace_of(second)


async def test_a_rejected_message_is_an_error_with_its_reason() -> None:
    """Each fault is an event of the span; its batch-mate is none the worse."""
    traced = TracedHarness()
    await traced.harness.post(_traced(Kind.CAPTION, price="45k"), _traced(Kind.THUMBNAIL))
    await traced.turn()
    rejected = traced.span("process caption")
    assert rejected.status.status_code is StatusCode.ERROR
    assert rejected.status.description == "price: must be a number or null, not text; for example 55000"
    assert [dict(event.attributes or {})["linkhub.field"] for event in rejected.events] == ["price"]
    assert traced.span("process thumbnail").status.status_code is StatusCode.UNSET


async def test_a_redelivery_is_another_span_of_the_same_trace() -> None:
    """The announcement fails, the message is given back: an error; the next delivery ends well, in the same trace."""
    traced = TracedHarness()
    flaky = FlakyNotifier(traced.harness.heard, strikes=[Strike("notify", unavailable())])
    traced.harness.notifier = flaky
    await traced.harness.post(_traced(Kind.CAPTION), _traced(Kind.THUMBNAIL))
    await traced.turn()
    assert {span.status.status_code for span in traced.spans("process caption")} == {StatusCode.ERROR}
    assert traced.span("publish announcements").status.status_code is StatusCode.ERROR
    traced.harness.clock.advance(60)
    await traced.turn()
    first, second = traced.spans("process caption")
    assert (_trace_of(first), _trace_of(second)) == (1, 1)
    assert (_facts(first)["linkhub.outcome"], _facts(second)["linkhub.receive_count"]) == ("released", 2)
    assert second.status.status_code is StatusCode.UNSET


async def test_a_copy_is_known() -> None:
    """It writes nothing and says so."""
    traced = TracedHarness()
    for kinds in ((Kind.CAPTION, Kind.THUMBNAIL), (Kind.CAPTION,)):
        await traced.harness.post(*map(_traced, kinds))
        await traced.turn()
    assert len(traced.spans("save product")) == 1
    assert _facts(traced.spans("process caption")[1])["linkhub.outcome"] == "known"


async def test_what_fails_beyond_the_assembly_is_an_error_of_all() -> None:
    """The queue itself is away: the spans end all the same."""
    traced = TracedHarness()

    async def fail(_: object) -> None:
        raise unavailable("the queue")

    await traced.harness.post(_traced(Kind.CAPTION))
    assembly = TracedAssembly(assemble=fail, tracer=traced.provider.get_tracer("test"), system="linkhub")
    with pytest.raises(type(unavailable())):
        await assembly(await traced.harness.queue.receive())
    assert traced.span("process caption").status.status_code is StatusCode.ERROR


async def test_a_disabled_sdk_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With OTEL_SDK_DISABLED the worker's own trace context goes through as it came."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    traced = TracedHarness()
    await traced.harness.post(_traced(Kind.CAPTION), _traced(Kind.THUMBNAIL))
    await traced.turn()
    (announcement,) = traced.harness.heard.taken
    assert announcement.traceparent in _WORKERS.values()
    assert traced.exporter.get_finished_spans() == ()

"""Traces with OpenTelemetry: one span for each message, in the trace that its worker began, with its steps below.

    (the worker's trace) ──► process caption ──► stage half                         waits; its trace context waits along
    (the other's trace)  ──► process thumbnail ──► save product ──► (link to the caption's process span)
                                               └─► publish announcements ──► traceparent of the announcement

Theory of operation. A span has one channel, the ``traceparent`` of its message. :class:`TracedAssembly` opens the span
of a message and writes its context into the delivery's ``traceparent``. The core keeps it as the origin of the half
(also in staging) and puts it into its journal entries, from which :class:`TracingJournal` finds the span and its
outcome. Names and attributes follow the semantic conventions for messaging; linkhub's own begin with ``linkhub.``.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from attrs import define, evolve, field, frozen
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from linkhub_core.application import FailedDelivery, ReadDelivery, read_delivery
from linkhub_core.model import Announcement, HalfReport, Origin, ProductKey
from linkhub_core.model.journal_entries import (
    Entry,
    HalfExpired,
    HalfStaged,
    HalfWasKnown,
    MessageRejected,
    MessagesReleased,
    ProductSaved,
)
from linkhub_core.ports import Delivery, Journal, Notifier

MOST_FAULTS = 20

_STEPS = {"stage": "stage half", "save": "save product", "expire": "expire half"}
_PROPAGATOR = TraceContextTextMapPropagator()


@define
class _Batch:
    """The spans of the messages of a batch, by their traceparents, and the start of each step, by its name."""

    spans: dict[str, Span] = field(factory=dict)
    began_ns: dict[str, int] = field(factory=dict)


_BATCH: ContextVar[_Batch | None] = ContextVar("linkhub_batch", default=None)


def begin_step(step: str) -> None:
    """A step of the current batch begins: the spans that the journal makes of it start at this time."""
    if batch := _BATCH.get():
        batch.began_ns[step] = time.time_ns()


def _context_of(traceparent: str | None) -> Context:
    """The context that a trace continues; without a valid one, a new trace begins."""
    return _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


def _span_context_of(traceparent: str | None) -> SpanContext:
    return get_current_span(_context_of(traceparent)).get_span_context()


def _traceparent_of(span: Span) -> str | None:
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, set_span_in_context(span, Context()))
    return carrier.get("traceparent")


def _keyed(key: ProductKey) -> Mapping[str, str]:
    return {"linkhub.seller_handle": key.seller_handle, "linkhub.video_id": key.video_id}


@contextmanager
def _ending(spans: Collection[Span]) -> Iterator[None]:
    """End the spans; an error is recorded in each of them."""
    try:
        yield
    except BaseException as error:
        for span in spans:
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, repr(error)))
        raise
    finally:
        for span in spans:
            span.end()


@frozen(kw_only=True)
class TracedAssembly:
    """Wraps the assembly of a batch with a span for each message. ``system`` names the technology of the queues."""

    assemble: Callable[[Sequence[ReadDelivery | FailedDelivery]], Awaitable[None]]
    tracer: Tracer
    system: str

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Work on the batch; the spans end together, when every message has its outcome.

        Raises:
            ServiceUnavailable: see :class:`~linkhub_core.application.AssembleBatch`.
        """
        batch = _Batch()
        traced = [self._begin(delivery, len(deliveries), batch) for delivery in deliveries]
        token = _BATCH.set(batch)
        try:
            with _ending(batch.spans.values()):
                await self.assemble(traced)
        finally:
            _BATCH.reset(token)

    def _begin(self, delivery: Delivery, batch_size: int, batch: _Batch) -> ReadDelivery | FailedDelivery:
        began_ns = time.time_ns()
        message = read_delivery(delivery)
        span = self.tracer.start_span(
            f"process {delivery.kind.value}",
            context=_context_of(message.origin.traceparent),
            kind=SpanKind.CONSUMER,
            start_time=began_ns,
            attributes={
                "messaging.system": self.system,
                "messaging.operation.name": "process",
                "messaging.operation.type": "process",
                "messaging.destination.name": delivery.kind.value,
                "messaging.message.id": delivery.message_id,
                "messaging.message.conversation_id": message.origin.correlation_id,
                "messaging.message.body.size": len(delivery.body.encode("utf-8", "replace")),
                "linkhub.batch_size": batch_size,
                "linkhub.receive_count": delivery.receive_count,
                "linkhub.queued_seconds": max(0.0, began_ns / 1e9 - delivery.sent_at.timestamp()),
            },
        )
        traceparent = _traceparent_of(span)
        if traceparent is None:  # the SDK is disabled, and such a span records nothing
            return message
        batch.spans[traceparent] = span
        # In both places, because the dead letters get the delivery, and the journal gets the origin.
        return message._replace(
            delivery=evolve(delivery, attributes={**delivery.attributes, "traceparent": traceparent}),
            origin=evolve(message.origin, traceparent=traceparent),
        )


@frozen(kw_only=True)
class TracingJournal:
    """A :class:`~linkhub_core.ports.Journal` that makes spans of entries, then passes them on."""

    inner: Journal
    tracer: Tracer

    def record(self, entries: Sequence[Entry]) -> None:
        """See the port."""
        for entry in entries:
            self._trace(entry)
        self.inner.record(entries)

    def _trace(self, entry: Entry) -> None:
        match entry:
            case MessageRejected():
                _reject(entry)
            case MessagesReleased():
                _release(entry)
            case HalfStaged():
                _outcome(entry.origin, "waiting", entry.key)
                self._step("stage", entry.origin, entry.key)
            case HalfWasKnown():
                _outcome(entry.origin, "known", entry.key)
            case ProductSaved():
                self._saved(entry)
            case HalfExpired():
                self._step("expire", entry.origin, entry.key)

    def _saved(self, entry: ProductSaved) -> None:
        for origin in entry.origins:
            _outcome(origin, "saved", entry.key)
        newest = entry.origins[-1] if entry.origins else Origin(correlation_id="")
        span = self._step("save", newest, entry.key, entry.origins[:-1], revision=entry.revision)
        for origin in entry.origins[:-1]:  # the waiting message of this batch links to the product
            if (waited := _span_of(origin)) is not None:
                waited.add_link(span.get_span_context())

    def _step(
        self,
        step: str,
        origin: Origin,
        key: ProductKey,
        others: Sequence[Origin] = (),
        revision: int | None = None,
    ) -> Span:
        """A span for a step that just ended, below its message, with links to the other messages."""
        contexts = [_span_context_of(other.traceparent) for other in others]
        batch = _BATCH.get()
        span = self.tracer.start_span(
            _STEPS[step],
            context=_context_of(origin.traceparent),
            links=[Link(context) for context in contexts if context.is_valid],
            attributes={**_keyed(key), **({"linkhub.revision": revision} if revision is not None else {})},
            start_time=batch.began_ns.get(step) if batch else None,
        )
        span.end()
        return span


def _span_of(origin: Origin) -> Span | None:
    batch = _BATCH.get()
    return batch.spans.get(origin.traceparent or "") if batch else None


def _outcome(origin: Origin, outcome: str, key: ProductKey) -> None:
    if (span := _span_of(origin)) is not None:
        span.set_attributes({**_keyed(key), "linkhub.outcome": outcome})


def _reject(entry: MessageRejected) -> None:
    if (span := _span_of(entry.origin)) is not None:
        span.set_attributes({"linkhub.outcome": "rejected", "error.type": "rejected"})
        for fault in entry.faults[:MOST_FAULTS]:
            span.add_event("fault", {"linkhub.field": fault.field, "linkhub.problem": fault.problem})
        span.set_status(Status(StatusCode.ERROR, "; ".join(map(str, entry.faults[:3]))))


def _release(entry: MessagesReleased) -> None:
    for origin in entry.origins:
        if (span := _span_of(origin)) is not None:
            span.set_attributes({"linkhub.outcome": "released", "error.type": "released"})
            span.set_status(Status(StatusCode.ERROR, entry.problem))


@frozen(kw_only=True)
class TracedNotifier:
    """A :class:`~linkhub_core.ports.Notifier` with a span for each announcement, which carries its context."""

    inner: Notifier
    tracer: Tracer
    system: str

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """See the port."""
        spans = [self._begin(announcement) for announcement in announcements]
        traced = [
            evolve(announcement, traceparent=_traceparent_of(span) or announcement.traceparent)
            for announcement, span in zip(announcements, spans, strict=True)
        ]
        with _ending(spans):
            await self.inner.notify(traced)

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """See the port: a report carries the context of the half that waits."""
        await self.inner.report(reports)

    def _begin(self, announcement: Announcement) -> Span:
        return self.tracer.start_span(
            "publish announcements",
            context=_context_of(announcement.traceparent),
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.system": self.system,
                "messaging.operation.name": "publish",
                "messaging.operation.type": "send",
                "messaging.destination.name": "announcements",
                "messaging.message.id": announcement.event_id,
                "messaging.message.conversation_id": announcement.correlation_id,
                "linkhub.revision": announcement.revision,
                **_keyed(announcement.key),
            },
        )

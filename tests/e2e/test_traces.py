"""Spans of a real consumer, as a collector receives them over OTLP."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from attrs import define, evolve, field
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.e2e.deployment import Deployment

pytestmark = pytest.mark.e2e


@define
class Collector:
    """Takes what is exported to it, on loopback."""

    url: str = ""
    requests: list[ExportTraceServiceRequest] = field(factory=list)

    def spans(self) -> Sequence[Any]:
        """Every span that has come so far."""
        return [
            span
            for request in list(self.requests)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def services(self) -> set[str]:
        """The names of the services that sent them."""
        return {
            attribute.value.string_value
            for request in self.requests
            for resource in request.resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
        }


@contextmanager
def _collector() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name that http.server calls
            """Nothing: a test is silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_collector_receives_the_trace_of_a_product(deployment: Deployment) -> None:
    """A consumer joins two halves and stops: message, save and announcement are one trace, the log names it."""
    file = deployment.directory / "halves.jsonl"
    file.write_text("\n".join(json.dumps(an_event(kind)) for kind in Kind), encoding="utf-8")
    with _collector() as collector:
        variables = {
            "LINKHUB_TRACES": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_SERVICE_NAME": "linkhub-test",
            "NO_PROXY": "127.0.0.1",
        }
        traced = evolve(deployment, elsewhere=variables)
        deployment.run("publish", str(file))
        with traced.consume() as consumer:
            logged = consumer.wait_for_line(r'"trace_id":"([0-9a-f]{32})".*"event":"product_announced"')
            assert consumer.terminate() == 0
        spans = {span.name: span for span in collector.spans()}
    saved, announced = spans["save product"], spans["publish announcements"]
    assert saved.trace_id.hex() == announced.trace_id.hex() == logged.group(1)
    assert saved.parent_span_id == announced.parent_span_id
    assert {span.name for span in collector.spans()} >= {"process caption", "process thumbnail"}
    assert collector.services() == {"linkhub-test"}

"""The status for the operator's page; an unknown part is null, not 0."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from attrs import define, evolve
from dependency_injector.providers import Object

from linkhub_adapters.observability import Metrics, Readings
from linkhub_cli.backends import Backend
from linkhub_cli.operator.process_registry import Node, NodeReport, ProcessRegistry, encode_report, totals_of
from linkhub_cli.operator.status import OperatorStatus
from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.container import Container, open_container
from linkhub_cli.wiring.listener_info import ListenerInfo
from linkhub_core.model import Kind
from linkhub_core.testing.builders import NOON, an_outgoing
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.wire.codec import timestamp_text

SETTINGS = load_settings(environment={"LINKHUB_BACKEND": "memory", "LINKHUB_RECEIVE_WAIT_SECONDS": "0"}).settings
REALTIME = {"connections": {"websocket": 2, "sse": 1}, "subscriptions": 4, "deliveries": 9, "slow_readers_closed": 0}


@define
class _Page:
    """The status of a process, and the container behind it."""

    container: Container
    process: ListenerInfo
    realtime: Readings | None = None

    @property
    def registry(self) -> ProcessRegistry:
        """This process alone."""
        return ProcessRegistry(
            node=self.process.node,
            metrics=self.container.metrics(),
            clock=self.container.clock(),
            journal=self.container.journal(),
            log=self.container.log(),
            realtime=lambda: self.realtime,
        )

    async def ask(self) -> Mapping[str, Any]:
        """Look, and take a snapshot."""
        await self.container.gauges().refresh()
        status = OperatorStatus(
            is_stopping=self.process.is_stopping,
            registry=self.registry,
            gauges=self.container.gauges(),
            backend="memory",
            clock=self.container.clock(),
            staging_ttl_seconds=60,
            stall_seconds=900.0,
            realtime=lambda: self.realtime,
            stats=lambda: {"clientsPerSeller": {"a": 1, "b": 3}},
        )
        return await status()


@asynccontextmanager
async def _page(*, consumes: bool = True, cheap_to_scan: bool = True) -> AsyncIterator[_Page]:
    process = ListenerInfo(
        host="127.0.0.1", port=3002, ws_port=None, consumes=consumes, started_at=NOON, stop=asyncio.Event()
    )
    async with open_container(SETTINGS) as container:
        backend: Backend = evolve(container.backend(), cheap_to_scan=cheap_to_scan)
        container.backend.override(Object(backend))
        await backend.publisher.publish(
            [
                an_outgoing(Kind.CAPTION, video_id="1"),
                an_outgoing(Kind.THUMBNAIL, video_id="1"),
                an_outgoing(Kind.CAPTION, video_id="2"),
                an_outgoing(Kind.CAPTION, price="45k"),
            ]
        )
        await container.assemble()(await backend.queue.receive())
        await backend.publisher.publish([an_outgoing(Kind.THUMBNAIL, video_id="3")])
        yield _Page(container, process)


async def test_everything_that_a_consumer_knows() -> None:
    """Counters from the metrics, and the contents of queues and stores."""
    async with _page() as page:
        status = await page.ask()
    events = {(one["kind"], one["outcome"]): one["total"] for one in status["events"] if one["total"]}
    assert events == {
        ("caption", "saved"): 1,
        ("thumbnail", "saved"): 1,
        ("caption", "staged"): 1,
        ("caption", "rejected"): 1,
    }
    assert status["products"] == {"created_total": 1, "revised_total": 0, "announced_total": 1, "unannounced": 0}
    for latency in ("latency_seconds", "own_latency_seconds", "partner_wait_seconds"):
        assert status[latency]["buckets"][-1] == {"le": None, "count": 1}, latency
    assert status["queues"] == [{"kind": "caption", "messages": 0}, {"kind": "thumbnail", "messages": 1}]
    assert (status["staging"]["count"], status["staging"]["expired_total"]) == (1, 0)
    assert status["staging"]["by_age"][0] == {"up_to_seconds": 60.0, "caption": 1, "thumbnail": 0}
    assert status["settings"] == {"staging_ttl_seconds": 60, "stall_seconds": 900.0}


async def test_halves_that_wait_long() -> None:
    """The oldest are named, with what is missing and how long they wait still; the counter counts reports."""
    async with _page() as page:
        status = await page.ask()
        assert (status["stalled"]["total"], status["stalled"]["newest_at"], status["stalled"]["oldest"]) == (
            0,
            None,
            [],
        )
        gauges = evolve(page.container.gauges(), stall_after=timedelta(0))
        page.container.gauges.override(Object(gauges))
        await evolve(page.container.report_stalled(), stall_after=timedelta(0))()
        status = await page.ask()
    (half,) = status["stalled"]["oldest"]
    assert (half["video_id"], half["waiting"], half["missing"]) == ("2", "caption", "thumbnail")
    assert half["waiting_since"] == status["stalled"]["newest_at"] < half["expires_at"]
    assert (status["stalled"]["total"], status["stalled"]["missing"]) == (1, {"caption": 0, "thumbnail": 1})
    assert status["staging"]["stalled_total"] == 1


@pytest.mark.parametrize("consumes", [True, False])
async def test_where_rows_cost_money_only_reports_know_which_halves_wait_long(*, consumes: bool) -> None:
    """The look of a report is known for as long as a half may wait; a process that reports nothing does not know."""
    async with _page(consumes=consumes, cheap_to_scan=False) as page:
        clock = FakeClock()
        page.container.gauges.override(Object(evolve(page.container.gauges(), clock=clock)))
        if consumes:
            await evolve(page.container.report_stalled(), clock=clock, seen=page.container.gauges().take_stalled)()
        known = []
        for seconds in (0, 900, 1):
            clock.advance(seconds)
            stalled = (await page.ask())["stalled"]
            known.append(stalled and stalled["taken_at"])
    assert known == ([timestamp_text(NOON)] * 2 + [None] if consumes else [None] * 3)


async def test_a_look_that_an_operator_asks_for_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status shows it, and says if it ended early."""
    async with _page(cheap_to_scan=False) as page:
        gauges = evolve(page.container.gauges(), stall_after=timedelta(0))
        page.container.gauges.override(Object(gauges))
        await gauges.look_for_stalled()
        stalled = (await page.ask())["stalled"]
        assert (stalled["total"], stalled["is_complete"]) == (1, True)
        monkeypatch.setattr("linkhub_cli.operator.backend_gauges.MOST_LOOKED_AT", 0)
        assert not (await gauges.look_for_stalled()).is_complete


async def test_the_time_to_the_screen_is_that_of_all_servers() -> None:
    """A consumer has no screens."""
    async with _page() as page:
        page.container.metrics().on_screen.observe(0.3)
        assert (await page.ask())["on_screen_seconds"] == {"buckets": []}
        page.realtime = REALTIME
        buckets = (await page.ask())["on_screen_seconds"]["buckets"]
    assert {bucket["le"]: bucket["count"] for bucket in buckets}[0.25] == 0
    assert buckets[-1] == {"le": None, "count": 1}


async def test_deviations() -> None:
    """By rule and queue, the most frequent first; rules that were not met are left out."""
    async with _page() as page:
        assert (await page.ask())["deviations"] == []
        backend = page.container.backend()
        outgoing = [an_outgoing(Kind.CAPTION, video_id=f"n{number}", price="45", tags=None) for number in range(2)]
        await backend.publisher.publish([*outgoing, an_outgoing(Kind.THUMBNAIL, video_id=7, primary_thumbnail="0")])
        while deliveries := await backend.queue.receive():
            await page.container.assemble()(deliveries)
        assert (await page.ask())["deviations"] == [
            {"rule": "missing_as_empty", "caption": 2, "thumbnail": 0},
            {"rule": "number_as_text", "caption": 2, "thumbnail": 0},
            {"rule": "identifier_as_number", "caption": 0, "thumbnail": 1},
            {"rule": "primary_by_reference", "caption": 0, "thumbnail": 1},
        ]


async def test_deviations_of_all_processes_are_added() -> None:
    """Reports of other processes on the same file count, too."""
    async with _page() as page:
        page.container.metrics().intake_notes.labels("caption", "wrapped").inc()
        other = Metrics()
        other.intake_notes.labels("caption", "wrapped").inc(2)
        other.intake_notes.labels("thumbnail", "wrapped").inc(3)
        node = Node(node_id="other:1", role="consume", started_at=NOON)
        report = encode_report(NodeReport(node=node, seen_at=NOON, work=totals_of(other)))

        async def exchange(name: str, own: bytes) -> list[bytes]:
            return [own, report]

        registry = evolve(page.registry, exchange=exchange)
        await registry.exchange_reports()
        status = OperatorStatus(
            is_stopping=page.process.is_stopping,
            registry=registry,
            gauges=page.container.gauges(),
            backend="memory",
            clock=page.container.clock(),
            staging_ttl_seconds=60,
            stall_seconds=900.0,
            realtime=lambda: None,
            stats=dict,
        )
        assert (await status())["deviations"] == [{"rule": "wrapped", "caption": 3, "thumbnail": 3}]


async def test_dead_letters_are_unseen_until_an_operator_has_seen_them() -> None:
    """By the field at fault; those that come after the moment count, and a page says when the newest came."""
    async with _page() as page:
        letters = (await page.ask())["dead_letters"]
        assert (letters["total"], letters["by_reason"]) == (1, [{"reason": "price", "count": 1}])
        assert (letters["unseen"], letters["is_read"], letters["newest_at"] is None) == (1, True, False)
        before = await page.ask()
        await page.container.gauges().move_seen(page.container.clock().now())
        status = await page.ask()
    assert (before["seen"]["at"], status["seen"]["at"] is None) == (None, False)
    assert (status["dead_letters"]["unseen"], status["seen"]["is_shared"]) == (0, False)


async def test_letters_that_are_not_read_are_counted_from_the_moment() -> None:
    """On a backend whose letters are read only for a person."""
    async with _page(cheap_to_scan=False) as page:
        assert (await page.ask())["dead_letters"] == {
            "total": 1,
            "unseen": 1,
            "newest_at": None,
            "is_read": False,
            "by_reason": [],
        }
        await page.container.gauges().move_seen(page.container.clock().now())
        assert (await page.ask())["dead_letters"]["unseen"] == 0


async def test_dead_letters_of_foreign_bodies() -> None:
    """By what the body is; one that is not recognised counts as the body."""
    async with _page() as page:
        backend = page.container.backend()
        bodies = ('{"Records": [{"eventSource": "aws:s3"}]}', "[{}, {}]", "hello")
        await backend.publisher.publish([an_outgoing(Kind.CAPTION, body=body) for body in bodies])
        await page.container.assemble()(await backend.queue.receive())
        reasons = {one["reason"] for one in (await page.ask())["dead_letters"]["by_reason"]}
    assert reasons == {"price", "this is an S3 notification", "these are several events in one list", "body"}


async def test_realtime() -> None:
    """Connections by transport, and the busiest shops first."""
    async with _page() as page:
        page.realtime = REALTIME
        status = await page.ask()
    assert (status["realtime"]["connections"], status["realtime"]["subscriptions"]) == (3, 4)
    assert status["realtime"]["sellers"][0] == {"seller_handle": "b", "subscriptions": 3}
    assert status["nodes"][0]["connections"] == 3


async def test_what_is_not_known_is_null() -> None:
    """A server that does not consume counts no events, and does not scan a store whose scans cost money."""
    async with _page(consumes=False, cheap_to_scan=False) as page:
        status = await page.ask()
    assert [status[part] for part in ("events", "deviations", "products", "realtime")] == [None] * 4
    assert status["latency_seconds"] is None
    assert status["staging"]["by_age"] is None
    assert status["dead_letters"]["is_read"] is False
    assert status["nodes"][0]["role"] == "serve"


@pytest.mark.parametrize(("is_stopping", "state"), [(False, "ready"), (True, "draining")])
async def test_state(is_stopping: bool, state: str) -> None:
    """The page shows when the process is about to stop."""
    async with _page() as page:
        if is_stopping:
            page.process.stop.set()
        assert (await page.ask())["node"]["state"] == state


async def test_many_halves_are_counted_but_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above a number, ages are left out, and the count stays."""
    monkeypatch.setattr("linkhub_cli.operator.backend_gauges.MOST_SCANNED", 0)
    async with _page() as page:
        status = await page.ask()
    assert (status["staging"]["count"], status["staging"]["by_age"]) == (1, None)

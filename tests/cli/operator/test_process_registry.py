"""A process among others: its reports, and the reports that it reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.observability import Metrics, get_logger
from linkhub_cli.operator.process_registry import (
    Node,
    NodeReport,
    ProcessRegistry,
    WorkTotals,
    decode_report,
    encode_report,
    totals_of,
)
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.testing.builders import NOON
from linkhub_core.testing.fakes import FakeClock, MemoryJournal


@define
class _Board:
    """A registry whose reports hang."""

    reports: dict[str, bytes] = field(factory=dict)
    is_full: bool = False

    async def exchange(self, node: str, report: bytes) -> Sequence[bytes]:
        """Hang up a report, and read all."""
        self.reports[node] = report
        return list(self.reports.values())

    async def remove(self, node: str) -> None:
        """Take a report down."""
        if self.is_full:
            raise ServiceUnavailable("the board", "full")
        self.reports.pop(node, None)


def a_process(
    board: _Board | None, name: str, role: str, *, products: int = 0, age_seconds: int = 0
) -> ProcessRegistry:
    """A process that has saved so many products."""
    metrics = Metrics()
    metrics.saved.labels("new").inc(products)
    return ProcessRegistry(
        node=Node(node_id=name, role=role, started_at=NOON - timedelta(seconds=age_seconds)),
        metrics=metrics,
        clock=FakeClock(),
        journal=MemoryJournal(),
        log=get_logger("test"),
        exchange=board.exchange if board else None,
        remove=board.remove if board else None,
        realtime=lambda: {"connections": {"sse": 2}} if role == "serve" else None,
    )


async def test_a_server_counts_what_consumers_elsewhere_did() -> None:
    """Their totals are added, its own connections are listed, and it is first."""
    board = _Board()
    for name, products in (("one", 3), ("other", 4)):
        await a_process(board, name, "consume", products=products).exchange_reports()
    server = a_process(board, "server", "serve")
    await server.exchange_reports()
    nodes = server.nodes()
    assert [(report.node.node_id, report.connections) for report in nodes] == [
        ("server", 2),
        ("one", None),
        ("other", None),
    ]
    work = server.work()
    assert work is not None
    assert work.created == 7


async def test_without_a_place_for_reports_it_knows_of_itself() -> None:
    """A server that does not consume then counts nothing, rather than nought."""
    server = a_process(None, "server", "serve")
    await server.exchange_reports()
    assert [report.node.node_id for report in server.nodes()] == ["server"]
    assert server.work() is None


async def test_a_process_does_not_count_itself_twice_and_what_ran_before_it_counts() -> None:
    """Its own report is read as it is now; that of its last run, under the same name, is another's."""
    board = _Board()
    await a_process(board, "server", "serve+consume", products=5, age_seconds=60).exchange_reports()
    again = a_process(board, "server", "serve+consume", products=1)
    await again.exchange_reports()
    again.metrics.saved.labels("new").inc()
    work = again.work()
    assert work is not None
    assert work.created == 7
    assert len(again.nodes()) == 2


async def test_a_process_that_stops_signs_off_and_a_file_that_fails_then_is_no_failure() -> None:
    """Its report is gone for the others; where that cannot be done, they miss it for some minutes."""
    board = _Board()
    stopping, other = a_process(board, "stopping", "consume"), a_process(board, "other", "serve")
    await stopping.exchange_reports()
    await stopping.sign_off()
    await other.exchange_reports()
    assert [report.node.node_id for report in other.nodes()] == ["other"]
    board.is_full = True
    await other.sign_off()
    await stopping.exchange_reports()
    assert len(stopping.nodes()) == 2


async def test_what_another_release_wrote_is_passed_over() -> None:
    """The others are still read."""
    board = _Board({"old": b'{"shape": 0}', "broken": b"\xff"})
    server = a_process(board, "server", "serve+consume", products=1)
    await server.exchange_reports()
    assert [report.node.node_id for report in server.nodes()] == ["server"]


COUNTS = st.integers(0, 2**40)
BOUNDS = (0.025, 1.0, None)
TOTALS = st.builds(
    WorkTotals,
    events=st.dictionaries(
        st.sampled_from(["caption", "thumbnail", "any"]),
        st.dictionaries(st.sampled_from(["saved", "staged", "released"]), COUNTS),
    ),
    notes=st.dictionaries(
        st.sampled_from(["caption", "thumbnail"]),
        st.dictionaries(st.sampled_from(["number_as_text", "wrapped"]), COUNTS),
    ),
    created=COUNTS,
    revised=COUNTS,
    announced=COUNTS,
    expired=COUNTS,
    latency=st.tuples(*(st.tuples(st.just(bound), COUNTS) for bound in BOUNDS)),
)


@given(TOTALS)
def test_a_report_comes_back_as_it_was_written(work: WorkTotals) -> None:
    """For any counts, with the times and the missing bound."""
    node = Node(node_id="a:1", role="serve+consume", started_at=NOON)
    report = NodeReport(node=node, seen_at=NOON, connections=3, work=work)
    assert decode_report(encode_report(report)) == report


@given(TOTALS, TOTALS)
def test_totals_are_added_count_by_count(one: WorkTotals, other: WorkTotals) -> None:
    """Nothing is lost and nothing is counted twice, whichever comes first; the bound that is none stays last."""
    both = one.plus(other)
    assert both.created == one.created + other.created
    assert [bound for bound, _ in both.latency] == list(BOUNDS)
    assert [count for _, count in both.latency] == [
        mine + theirs for (_, mine), (_, theirs) in zip(one.latency, other.latency, strict=True)
    ]
    for mine, theirs, added in ((one.events, other.events, both.events), (one.notes, other.notes, both.notes)):
        for name in {*mine, *theirs}:
            for count in {*mine.get(name, {}), *theirs.get(name, {})}:
                assert added[name][count] == mine.get(name, {}).get(count, 0) + theirs.get(name, {}).get(count, 0)
    assert (other.plus(one).events, other.plus(one).notes) == (both.events, both.notes)


def test_totals_are_those_of_the_metrics() -> None:
    """Each count has its name."""
    metrics = Metrics()
    metrics.events.labels("caption", "saved").inc(3)
    metrics.intake_notes.labels("thumbnail", "number_as_text").inc(4)
    metrics.saved.labels("new").inc(2)
    metrics.saved.labels("update").inc()
    metrics.announced.inc(3)
    metrics.expired.labels("thumbnail").inc()
    metrics.latency.observe(0.3)
    totals = totals_of(metrics)
    assert totals.events["caption"]["saved"] == 3
    assert totals.notes == {"thumbnail": {"number_as_text": 4}}
    assert (totals.created, totals.revised, totals.announced, totals.expired) == (2, 1, 3, 1)
    assert (totals.latency[0], totals.latency[-1]) == ((0.025, 0), (None, 1))

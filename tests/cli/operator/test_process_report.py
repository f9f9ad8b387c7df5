"""What processes tell each other, and what comes of all together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.observability import Metrics
from linkhub_cli.operator.process_report import Node, NodeReport, WorkTotals, decode_report, encode_report, totals_of
from linkhub_core.testing.builders import NOON

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
    """Whatever it counts, the moments and the missing bound included."""
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

"""Alarms do not latch: each new failure starts one, and what stays as it is lets it end.

``_Series`` and ``FUNCTIONS`` are the part of CloudWatch's metric math that the template uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from attrs import frozen

from tests.support.template import parameters, resources_of

ALARMS = resources_of("AWS::CloudWatch::Alarm")
REPEAT = "REPEAT"


@frozen
class _Series:
    """A value for each period; none where the metric has no data."""

    values: Sequence[float | None]

    def __add__(self, other: _Series) -> _Series:
        pairs = zip(self.values, other.values, strict=True)
        return _Series([None if one is None or two is None else one + two for one, two in pairs])


def _fill(series: _Series, filling: Any) -> _Series:
    filled: list[float | None] = []
    for value in series.values:
        before = filled[-1] if filled else None
        filled.append(value if value is not None else before if filling == REPEAT else filling)
    return _Series(filled)


def _diff(series: _Series) -> _Series:
    return _Series([None, *(None if one is None or two is None else two - one for one, two in pairwise(series.values))])


FUNCTIONS: Mapping[str, Callable[..., _Series]] = {"FILL": _fill, "DIFF": _diff}


def _is_on(name: str, **series: Sequence[float | None]) -> Sequence[bool]:
    """Whether the alarm is on after each period."""
    alarm = ALARMS[name]
    [expression] = [term["Expression"] for term in alarm["Metrics"] if "Expression" in term]
    names: dict[str, Any] = {**FUNCTIONS, "REPEAT": REPEAT, **{one: _Series(two) for one, two in series.items()}}
    result = eval(expression, names)  # noqa: S307  an expression of the template
    most = parameters()[alarm["Threshold"]["Ref"]]["Default"]
    breaching = [value is not None and value > most for value in result.values]
    periods, points = alarm["EvaluationPeriods"], alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"])
    return [sum(breaching[max(0, end - periods) : end]) >= points for end in range(1, len(breaching) + 1)]


def _starts(states: Sequence[bool]) -> Sequence[int]:
    """The periods in which an alarm goes on, which sends a message."""
    return [period for period, (before, now) in enumerate(pairwise([False, *states])) if now and not before]


QUEUES = ("CaptionQueueDeadLettersAlarm", "ThumbnailQueueDeadLettersAlarm")


@pytest.mark.parametrize("name", QUEUES)
def test_one_unreadable_video_starts_one_alarm(name: str) -> None:
    """Its dead letter stays for hours, and the alarm is off after five minutes."""
    states = _is_on(name, visible=[0.0, 0.0, *[1.0] * 60], leased=[None] * 62)
    assert _starts(states) == [2]
    assert states[6:] == [True, *[False] * 55]


@pytest.mark.parametrize("name", QUEUES)
def test_a_new_failure_starts_it_again(name: str) -> None:
    """Also while the dead letters of the earlier one are kept, and when some were purged meanwhile."""
    assert _starts(_is_on(name, visible=[0.0, *[1.0] * 9, *[2.0] * 9], leased=[None] * 19)) == [1, 10]
    assert _starts(_is_on(name, visible=[0.0, *[5.0] * 9, *[2.0] * 9, 3.0], leased=[None] * 20)) == [1, 19]


@pytest.mark.parametrize("name", QUEUES)
def test_the_first_dead_letter_of_a_queue_starts_it(name: str) -> None:
    """SQS has no data of a queue that was not used for six hours."""
    assert _starts(_is_on(name, visible=[None, None, 1.0, 1.0], leased=[None] * 4)) == [2]


@pytest.mark.parametrize("name", QUEUES)
def test_looking_at_dead_letters_starts_none(name: str) -> None:
    """They are leased for a moment and come back; nor does a gap in the data, nor a minute that comes late."""
    assert not any(_is_on(name, visible=[5.0, 2.0, 5.0, 5.0], leased=[None, 3.0, None, None]))
    assert not any(_is_on(name, visible=[5.0, None, 5.0, None], leased=[None] * 4))


def test_a_row_that_stays_unreadable_starts_one_alarm() -> None:
    """Every sweep counts it again, and the next one that cannot be read starts another alarm."""
    skipped = [0.0, 1.0, 1.0, None, 1.0, 1.0, 2.0, 2.0]
    assert _starts(_is_on("UnreadableRowsAlarm", skipped=skipped)) == [1, 6]


def test_alarms_on_the_present_count_only_what_is_new() -> None:
    """Every other alarm is on a sum or an age of its period: without new failures it ends."""
    for name, alarm in ALARMS.items():
        terms = alarm.get("Metrics", [{"MetricStat": {"Stat": alarm.get("Statistic")}}])
        statistics = {term["MetricStat"]["Stat"] for term in terms if "MetricStat" in term}
        if name not in (*QUEUES, "UnreadableRowsAlarm"):
            assert statistics == ({"Maximum"} if name.endswith("WaitingAlarm") else {"Sum"})

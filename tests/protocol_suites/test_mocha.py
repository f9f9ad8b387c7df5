"""A suite's report is read as it is, and one that says nothing is no success."""

import json
from collections.abc import Mapping

import pytest

from tests.protocol_suites.mocha import CaseResult, read_report
from tests.protocol_suites.suites import SuiteUnusable


def _report(*tests: Mapping[str, object]) -> str:
    return json.dumps({"stats": {}, "tests": tests}, indent=2)


def test_cases_are_read() -> None:
    """With their full titles, and what went wrong."""
    passed = {"fullTitle": "close by polling", "err": {}}
    failed = {"fullTitle": "close by WebSocket", "err": {"message": "time-out", "stack": "..."}}
    assert read_report(_report(passed, failed), "") == [
        CaseResult(title="close by polling", problem=None),
        CaseResult(title="close by WebSocket", problem="time-out"),
    ]


@pytest.mark.parametrize("stdout", ["", "SyntaxError", _report()])
def test_a_suite_that_did_not_run_is_no_success(stdout: str) -> None:
    """Nothing, no JSON, and no cases."""
    with pytest.raises(SuiteUnusable):
        read_report(stdout, "node: bad option")

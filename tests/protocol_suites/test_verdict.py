"""The judge of a suite's run lets nothing pass that is not known."""

from tests.protocol_suites.known_cases import RUNS
from tests.protocol_suites.mocha import CaseResult
from tests.protocol_suites.verdict import NOT_APPLICABLE, NOT_SUPPORTED, Reason, judge

NO_ECHO = Reason(NOT_APPLICABLE, "no echo")

GOOD = CaseResult(title="a good case", problem=None)
BAD = CaseResult(title="a bad case", problem="expected 405 to equal 400")


def test_all_passed() -> None:
    """A run in which every case passes is good."""
    verdict = judge([GOOD], {})
    assert verdict.is_good
    assert list(verdict.lines()) == ["1 passed, 0 failed, 0 not supported, 0 not applicable"]


def test_a_failure_fails() -> None:
    """A case that fails and is not listed fails the run, and its problem is printed."""
    verdict = judge([GOOD, BAD], {})
    assert not verdict.is_good
    assert verdict.failed == {"a bad case": "expected 405 to equal 400"}
    assert any("expected 405" in line for line in verdict.lines())


def test_a_listed_case_that_fails_does_not_count() -> None:
    """It does not count as a failure; its reason is printed."""
    verdict = judge([GOOD, BAD], {"a bad case": NO_ECHO})
    assert verdict.is_good
    assert verdict.known == {"a bad case": NO_ECHO}
    assert verdict.passed == ["a good case"]


def test_a_listed_case_that_passes_fails() -> None:
    """The list is out of date then."""
    verdict = judge([GOOD], {"a good case": NO_ECHO})
    assert not verdict.is_good
    assert verdict.unexpectedly_passed == ["a good case"]


def test_a_listed_case_that_the_suite_lacks_fails() -> None:
    """A title that was misspelt, or is no more, does not hide in the list."""
    verdict = judge([GOOD], {"another case": NO_ECHO})
    assert not verdict.is_good
    assert verdict.not_run == ["another case"]


def test_every_reason_is_given() -> None:
    """No case is listed without one, and under an echo only binary events are left, which are not supported."""
    reasons = [reason for run in RUNS for reason in run.reasons.values()]
    assert {reason.kind for reason in reasons if reason.text} == {NOT_SUPPORTED, NOT_APPLICABLE}
    assert all(reason.text for reason in reasons)
    under_an_echo = [title for run in RUNS if run.make_client for title in run.reasons]
    assert len(under_an_echo) == 2
    assert all("binary attachments" in title for title in under_an_echo)

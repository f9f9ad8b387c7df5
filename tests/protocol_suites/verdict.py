"""The results of a run, compared with the known cases: pure, so that tests can check the comparison.

| a case     | is expected to pass | is listed with a reason         |
|------------|---------------------|---------------------------------|
| passed     | passed              | unexpectedly passed             |
| failed     | failed              | not supported or not applicable |
| is not run | (unknown to us)     | not run                         |

Anything but the first of row one and the second of row two fails the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from tests.protocol_suites.mocha import CaseResult

NOT_SUPPORTED: Final = "not supported"
NOT_APPLICABLE: Final = "not applicable"


@attrs.frozen
class Reason:
    """Why a case does not pass: ``kind`` is one of the two constants of this module."""

    kind: str
    text: str


@attrs.frozen(kw_only=True)
class Verdict:
    """The cases of one run, by what became of them.

    Attributes:
        passed: titles.
        failed: by title, what went wrong.
        known: by title, why it does not pass; it did not.
        unexpectedly_passed: titles of listed cases that passed all the same: the list is out of date.
        not_run: titles of listed cases that the suite does not have: the list is out of date.
    """

    passed: Sequence[str]
    failed: Mapping[str, str]
    known: Mapping[str, Reason]
    unexpectedly_passed: Sequence[str]
    not_run: Sequence[str]

    @property
    def is_good(self) -> bool:
        """Whether every case did what is known of it."""
        return not (self.failed or self.unexpectedly_passed or self.not_run)

    def lines(self) -> Iterator[str]:
        """The report: a summary, then every case that did not simply pass."""
        kinds = Counter(reason.kind for reason in self.known.values())
        counts = ", ".join(f"{kinds[kind]} {kind}" for kind in (NOT_SUPPORTED, NOT_APPLICABLE))
        yield f"{len(self.passed)} passed, {len(self.failed)} failed, {counts}"
        yield from (f"  FAILED          {title}: {problem}" for title, problem in self.failed.items())
        yield from (f"  PASSED AFTER ALL, though listed: {title}" for title in self.unexpectedly_passed)
        yield from (f"  NOT IN THE SUITE, though listed: {title}" for title in self.not_run)
        yield from (f"  {reason.kind:<14}  {title}: {reason.text}" for title, reason in self.known.items())


def judge(results: Sequence[CaseResult], reasons: Mapping[str, Reason]) -> Verdict:
    """Hold results against the cases that are listed with the reasons why they do not pass."""
    titles = {result.title for result in results}
    expected = [result for result in results if result.title not in reasons]
    listed = [result for result in results if result.title in reasons]
    return Verdict(
        passed=[result.title for result in expected if result.problem is None],
        failed={result.title: result.problem for result in expected if result.problem is not None},
        known={result.title: reasons[result.title] for result in listed if result.problem is not None},
        unexpectedly_passed=[result.title for result in listed if result.problem is None],
        not_run=[title for title in reasons if title not in titles],
    )

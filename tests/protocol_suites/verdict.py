"""What came of a run, held against what is known: pure, so that the judge can be judged.

| a case     | is expected to pass | is listed as not applicable |
|------------|---------------------|-----------------------------|
| passed     | passed              | unexpectedly passed         |
| failed     | failed              | not applicable              |
| is not run | (unknown to us)     | not run                     |

Anything but the first of row one and the second of row two fails the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from tests.protocol_suites.mocha import CaseResult

__all__ = ["Verdict", "judge"]


@attrs.frozen(kw_only=True)
class Verdict:
    """The cases of one run, by what became of them.

    Attributes:
        passed: titles.
        failed: by title, what went wrong.
        not_applicable: by title, why it cannot pass; it did not.
        unexpectedly_passed: titles of listed cases that passed all the same: the list is out of date.
        not_run: titles of listed cases that the suite does not have: the list is out of date.
    """

    passed: Sequence[str]
    failed: Mapping[str, str]
    not_applicable: Mapping[str, str]
    unexpectedly_passed: Sequence[str]
    not_run: Sequence[str]

    @property
    def is_good(self) -> bool:
        """Whether every case did what is known of it."""
        return not (self.failed or self.unexpectedly_passed or self.not_run)

    def lines(self) -> Iterator[str]:
        """The report: a summary, then every case that did not simply pass."""
        yield f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.not_applicable)} not applicable"
        yield from (f"  FAILED          {title}: {problem}" for title, problem in self.failed.items())
        yield from (
            f"  PASSED AFTER ALL, though listed as not applicable: {title}" for title in self.unexpectedly_passed
        )
        yield from (f"  NOT IN THE SUITE, though listed as not applicable: {title}" for title in self.not_run)
        yield from (f"  not applicable  {title}: {reason}" for title, reason in self.not_applicable.items())


def judge(results: Sequence[CaseResult], reasons: Mapping[str, str]) -> Verdict:
    """Hold results against the cases that are listed as not applicable, with their reasons."""
    titles = {result.title for result in results}
    expected = [result for result in results if result.title not in reasons]
    listed = [result for result in results if result.title in reasons]
    return Verdict(
        passed=[result.title for result in expected if result.problem is None],
        failed={result.title: result.problem for result in expected if result.problem is not None},
        not_applicable={result.title: reasons[result.title] for result in listed if result.problem is not None},
        unexpectedly_passed=[result.title for result in listed if result.problem is None],
        not_run=[title for title in reasons if title not in titles],
    )

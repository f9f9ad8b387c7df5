"""The list of the cases that do not pass is the one that the docs show."""

from pathlib import Path

import pytest

from tests.protocol_suites.known_cases import RUNS

PAGE = Path(__file__).parents[2] / "docs/reference/protocol-suites.md"
LISTED = sorted({title for run in RUNS for title in run.reasons})


def _row(title: str) -> str:
    (row,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines()
              if line.startswith("| ") and title.endswith(f" {line.split(' | ')[0].removeprefix('| ')}")]  # fmt: skip
    return row


@pytest.mark.parametrize("title", LISTED)
def test_a_case_that_does_not_pass_is_shown_as_such(title: str) -> None:
    """With its kind, beside linkhub, and beside the echo only where it is listed there, too."""
    _, as_it_serves, echo, _ = _row(title).split(" | ")
    under_an_echo = [run for run in RUNS if run.make_client is not None and title in run.reasons]
    (kind,) = {run.reasons[title].kind for run in RUNS if title in run.reasons}
    assert as_it_serves.startswith(kind)
    assert echo.startswith(kind) if under_an_echo else echo == "passes"

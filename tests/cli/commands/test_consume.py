"""``linkhub consume``: its options. Consuming itself is tested with real processes."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Terminal


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--redact",), "--redact is for --record FILE"),
        (("--record", "."), "name a file that may be written to"),
        (("--record", "-"), "a recording is a file, not standard output"),
        (("--record", "absent/hour.jsonl"), "No such file or directory"),
    ],
)
def test_mistakes_of_a_recording(terminal: Terminal, arguments: tuple[str, ...], problem: str) -> None:
    """Each is named before anything is consumed."""
    result = terminal.run("consume", *arguments)
    assert result.exit_code == 2
    assert problem in " ".join(result.stderr.split())

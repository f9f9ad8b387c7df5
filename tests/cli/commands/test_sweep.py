"""``linkhub sweep``."""

from tests.cli.conftest import CAPTION, Terminal


def test_counts_what_waits(terminal: Terminal) -> None:
    """A half whose time is not over is seen, and left."""
    terminal.publish(CAPTION)
    terminal.consume()
    assert terminal.lines("sweep", "--json") == [{"seen": 1, "folded": 0, "expired": 0, "announced": 0, "skipped": 0}]
    assert len(terminal.lines("staging", "list", "--json")) == 1
    assert terminal.run("sweep").stdout.startswith("saw 1 row in staging: 0 folded")

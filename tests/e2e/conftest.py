"""A linkhub of its own for each test."""

from pathlib import Path

import pytest

from tests.e2e.hub import Hub


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """A linkhub on a fresh embedded file."""
    return Hub(tmp_path)

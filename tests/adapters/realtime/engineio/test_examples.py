"""The examples in the package's documentation run as they are written."""

import doctest

from linkhub_adapters.realtime import engineio


def test_examples() -> None:
    """Every example of the package docstring gives what it says."""
    failed, attempted = doctest.testmod(engineio)
    assert failed == 0
    assert attempted > 0

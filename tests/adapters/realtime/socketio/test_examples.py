"""The examples in the package's documentation run as they are written."""

import doctest

from linkhub_adapters.realtime import socketio


def test_examples() -> None:
    """Every example of the package docstring gives what it says."""
    failed, attempted = doctest.testmod(socketio)
    assert failed == 0
    assert attempted > 0

"""Settings are valid once constructed."""

import pytest

from linkhub_adapters.http import HttpSettings


def test_an_empty_token_is_refused() -> None:
    """It would look like protection and let everybody in."""
    with pytest.raises(ValueError, match="admin_token"):
        HttpSettings(admin_token="")


def test_the_token_is_not_shown() -> None:
    """A log of the settings does not hold it."""
    assert "s3cret" not in repr(HttpSettings(admin_token="s3cret"))


def test_times_are_positive() -> None:
    """Both would else mean never, or at once and for ever."""
    with pytest.raises(ValueError, match="probe_timeout_seconds"):
        HttpSettings(probe_timeout_seconds=0)
    with pytest.raises(ValueError, match="retry_after_seconds"):
        HttpSettings(retry_after_seconds=0)

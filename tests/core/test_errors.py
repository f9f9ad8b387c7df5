"""Errors: the branch of the tree says what to do, and the text says what was wrong."""

from __future__ import annotations

import pickle

import pytest

from linkhub_core.errors import (
    Fault,
    InvalidQuery,
    LinkhubError,
    MalformedEvent,
    PermanentError,
    ServiceUnavailable,
    StoreRefused,
    TooMuchContention,
    TransientError,
)

ERRORS: list[tuple[LinkhubError, type[LinkhubError], str]] = [
    (ServiceUnavailable("DynamoDB", "throttled"), TransientError, "DynamoDB is unavailable: throttled"),
    (TooMuchContention(10), TransientError, "others changed the same products 10 times in a row"),
    (MalformedEvent([Fault("a", "is missing"), Fault("", "is odd")]), PermanentError, "a: is missing; is odd"),
    (InvalidQuery("limit", "is too large"), PermanentError, "limit: is too large"),
    (StoreRefused("SQLite", "too big"), PermanentError, "SQLite refused the value: too big"),
]


@pytest.mark.parametrize(("error", "branch", "text"), ERRORS)
def test_an_error_is_on_its_branch_and_renders_its_data(
    error: LinkhubError, branch: type[LinkhubError], text: str
) -> None:
    """Transient or permanent is a class check, and never both."""
    assert isinstance(error, branch)
    assert isinstance(error, TransientError) is not isinstance(error, PermanentError)
    assert str(error) == text


@pytest.mark.parametrize("error", [error for error, _, _ in ERRORS])
def test_an_error_crosses_a_process_boundary(error: LinkhubError) -> None:
    """Pickled and back, it is of the same class and says the same."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert (type(copy), str(copy)) == (type(error), str(error))


def test_a_fault_of_the_whole_body_names_no_field() -> None:
    """There is no colon without a field."""
    assert (str(Fault("", "is blank")), str(Fault("title", "is missing"))) == ("is blank", "title: is missing")

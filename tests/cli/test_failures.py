"""The exit code and the message of each error that ends a command."""

import click
import pytest

from linkhub_cli.failures import exit_code_of, reporting_failures, words_of
from linkhub_cli.settings import SettingFault, SettingsFaulty
from linkhub_core.errors import (
    Fault,
    InvalidQuery,
    LinkhubError,
    MalformedEvent,
    ResourceMissing,
    ServiceUnavailable,
    StoreRefused,
    TooMuchContention,
)

CODES: list[tuple[LinkhubError, int]] = [
    (SettingsFaulty([SettingFault("LINKHUB_PORT", "must be a port")]), 2),
    (InvalidQuery("seller_handle", "is empty"), 2),
    (MalformedEvent([Fault("price", "must be a number")]), 1),
    (StoreRefused("products", "too large"), 1),
    (ServiceUnavailable("the queue", "no answer"), 3),
    (TooMuchContention(10), 3),
]


@pytest.mark.parametrize(("error", "code"), CODES)
def test_exit_codes(error: LinkhubError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Each error is printed on standard error, in its own words, without a traceback."""
    with pytest.raises(click.exceptions.Exit) as ended, reporting_failures(debug=False):
        raise error
    assert ended.value.exit_code == exit_code_of(error) == code
    assert capsys.readouterr().err == f"linkhub: {error}\n"


def test_errors_of_task_groups_are_printed_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The errors of several tasks are printed line by line; the gravest exit code wins."""
    errors = [CODES[0][0], CODES[4][0]]
    with pytest.raises(click.exceptions.Exit) as ended, reporting_failures(debug=False):
        raise ExceptionGroup("tasks", [ExceptionGroup("inner", [errors[0]]), errors[1]])
    assert ended.value.exit_code == 3
    assert capsys.readouterr().err == f"linkhub: {errors[0]}\nlinkhub: {errors[1]}\n"


def test_debug_keeps_the_traceback() -> None:
    """With --debug the error itself comes through."""
    with pytest.raises(ExceptionGroup) as group, reporting_failures(debug=True):
        raise CODES[4][0]
    assert group.group_contains(ServiceUnavailable)


def test_bugs_keep_their_traceback() -> None:
    """An error that is not of the tree is not dressed up."""
    with pytest.raises(ZeroDivisionError), reporting_failures(debug=False):
        raise ZeroDivisionError


def test_a_missing_resource_names_its_setting() -> None:
    """The error has the name of the table; the setting that holds it is the business of the command line."""
    words = words_of(ResourceMissing("DynamoDB", "ResourceNotFoundException", "halves"))
    assert "(halves)" in words
    assert "DYNAMODB_PRODUCTS_TABLE or DYNAMODB_STAGING_TABLE" in words
    assert "`linkhub doctor`" in words
    assert words_of(ResourceMissing("a store", "gone")) == "a store is unavailable: gone"

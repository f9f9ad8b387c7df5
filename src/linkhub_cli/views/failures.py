"""How a command fails: which errors end it with which exit code, and in which words.

    error                                 exit code
    SettingsFaulty, InvalidQuery          2           a mistake in what was typed or configured
    SdkUnavailable, of a setting          2           the AWS SDK cannot use what it is configured with
    any other PermanentError              1           it was tried, and cannot be done
    any other TransientError              3           trying again later may help

An error that is not of linkhub's tree is a bug, and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
from linkhub_cli.settings.sdk_settings import line_of
from linkhub_cli.settings.sources import SettingsFaulty
from linkhub_cli.views.output import news
from linkhub_core.errors import InvalidQuery, LinkhubError, ResourceMissing, TransientError

__all__ = ["SOME_FAILED", "exit_code_of", "telling", "words_of"]

SOME_FAILED, MISTAKEN, UNAVAILABLE = 1, 2, 3
_NAMED_BY = {
    "DynamoDB": "DYNAMODB_PRODUCTS_TABLE or DYNAMODB_STAGING_TABLE",
    "SNS": "SNS_NEW_PRODUCT_TOPIC_ARN",
    "SQS": "SQS_CAPTION_QUEUE_URL or SQS_THUMBNAIL_QUEUE_URL",
}


def exit_code_of(error: LinkhubError) -> int:
    """The exit code of a command that ``error`` ended."""
    if isinstance(error, SettingsFaulty | InvalidQuery):
        return MISTAKEN
    if isinstance(error, SdkUnavailable) and not error.fault.may_pass:
        return MISTAKEN
    return UNAVAILABLE if isinstance(error, TransientError) else SOME_FAILED


def words_of(error: LinkhubError) -> str:
    """What is said of an error: one line, with the setting at fault where it is one."""
    if isinstance(error, SdkUnavailable):
        return line_of(error.fault)
    if isinstance(error, ResourceMissing) and error.service in _NAMED_BY:
        return f"{error} (named by {_NAMED_BY[error.service]}); `linkhub doctor` says what corrects it"
    return str(error)


@contextmanager
def telling(*, debug: bool) -> Iterator[None]:
    """Tell an error of linkhub's tree in one line on standard error, and end with its exit code.

    Args:
        debug: let it through instead, for its traceback.
    """
    try:
        yield
    except* LinkhubError as group:
        if debug:
            raise
        raise click.exceptions.Exit(_tell(group)) from None


def _tell(group: BaseExceptionGroup[LinkhubError]) -> int:
    leaves = list(_leaves(group))
    for line in dict.fromkeys(map(words_of, leaves)):  # several calls may have failed for one reason
        news(f"linkhub: {line}")
    return max(map(exit_code_of, leaves))


def _leaves(group: BaseExceptionGroup[LinkhubError]) -> Iterator[LinkhubError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error

"""How a command fails: the words and the exit code of each error.

    error                                     exit code
    SettingsFaulty, InvalidQuery              2           a mistake in what was typed or configured
    an error that a backend explains as such  2           its driver cannot use its own configuration
    any other PermanentError                  1           it was tried, and cannot be done
    any other TransientError                  3           trying again later may help

Errors of adapters carry data. Their backend translates them into the setting and the command that mend them: see
``BackendPlugin.explain``. An error that is not of linkhub's tree is a bug, and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from linkhub_cli.backends import Explanation, all_plugins
from linkhub_cli.settings import SettingsFaulty
from linkhub_cli.views.output import print_status
from linkhub_core.errors import InvalidQuery, LinkhubError, TransientError

SOME_FAILED, MISTAKEN, UNAVAILABLE = 1, 2, 3


def exit_code_of(error: LinkhubError) -> int:
    """The exit code of a command that ends with ``error``."""
    if isinstance(error, SettingsFaulty | InvalidQuery):
        return MISTAKEN
    explanation = _explanation_of(error)
    if explanation is not None and explanation.is_misconfiguration:
        return MISTAKEN
    return UNAVAILABLE if isinstance(error, TransientError) else SOME_FAILED


def words_of(error: LinkhubError) -> str:
    """The line that is printed: with the setting at fault, if there is one."""
    explanation = _explanation_of(error)
    return str(error) if explanation is None else explanation.line


def _explanation_of(error: LinkhubError) -> Explanation | None:
    if isinstance(error, SettingsFaulty | InvalidQuery):
        return None
    return next((found for plugin in all_plugins() if (found := plugin.explain(error))), None)


@contextmanager
def reporting_failures(*, debug: bool) -> Iterator[None]:
    """Print an error of linkhub's tree as one line on standard error, and end with its exit code.

    Args:
        debug: raise it instead, for its traceback.
    """
    try:
        yield
    except* LinkhubError as group:
        if debug:
            raise
        raise click.exceptions.Exit(_report(group)) from None


def _report(group: BaseExceptionGroup[LinkhubError]) -> int:
    leaves = list(_leaves(group))
    for line in dict.fromkeys(map(words_of, leaves)):  # several calls may have failed for one reason
        print_status(f"linkhub: {line}")
    return max(map(exit_code_of, leaves))


def _leaves(group: BaseExceptionGroup[LinkhubError]) -> Iterator[LinkhubError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error

"""Sets logging up as the settings say."""

from __future__ import annotations

import sys
from typing import cast

from rich.console import Console

from linkhub_adapters.observability.logs import LogFormat, configure_logs
from linkhub_cli.settings import Logs


def set_up_logs(logs: Logs, *, quiet: bool = False, is_service: bool = False) -> None:
    """Log to standard error, in colour where that is a terminal.

    Args:
        logs: the settings.
        quiet: leave out ``info`` lines, unless the level is ``debug``; for commands that print their results.
        is_service: write lines on a thread, so that no reader of the log can hold up the process.
    """
    level = "warning" if quiet and logs.level == "info" else logs.level
    log_format = logs.format or ("console" if sys.stderr.isatty() else "json")
    configure_logs(
        level=level,
        log_format=cast(LogFormat, log_format),
        has_thread=is_service,
        has_colours=not Console().no_color,
    )

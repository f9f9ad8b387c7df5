"""Examines a configuration: what every backend needs, then what the chosen one does. It never raises, it finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from linkhub_cli.doctor.listening import listener_findings, look_at_ports
from linkhub_cli.doctor.machine import look_at_machine, machine_findings
from linkhub_cli.doctor.rows import Row, find_in_rows
from linkhub_cli.provisioning.wanted import is_queue_unnamed
from linkhub_cli.settings import Settings
from linkhub_cli.settings.backend_choice import backend_reason
from linkhub_cli.settings.optional_packages import how_to_install
from linkhub_cli.settings.sources import Loaded, SettingFault, SettingsFaulty
from linkhub_core.errors import LinkhubError
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Finding, Verdict

__all__ = ["examine", "of_faulty_settings"]

_KEEP_ROWS_FROM_BEING_READ = {"packages", "region", "credentials", "data directory", "file", "integrity"}
_LIST_SETTINGS = "linkhub config --env-example (shows every setting, and what it may be)"
_MAKE_QUEUES = "linkhub init (makes what is absent, and prints the settings to use)"


def examine(loaded: Loaded[Settings], clock: Clock) -> Sequence[Finding]:
    """Look at everything that the settings need.

    Args:
        loaded: the settings, and what was said when they were read.
        clock: this machine's.
    """
    settings = loaded.settings
    return [
        *_settings_findings(loaded),
        *_BACKENDS[settings.storage.backend](settings, clock),
        *listener_findings(settings.listener, look_at_ports(settings.listener)),
        *machine_findings(look_at_machine()),
    ]


def of_faulty_settings(faulty: SettingsFaulty) -> Sequence[Finding]:
    """What can be said of a configuration that cannot be used: all its faults, and how the machine is."""
    faults = [Finding.fault("settings", str(fault), _mend_of(fault)) for fault in faulty.faults]
    warnings = _setting_warnings(faulty.warnings)
    rest = Finding.not_checked("everything else", "the settings say what to look at: mend them first")
    needs_aws = any(fault.beside == "LINKHUB_BACKEND" for fault in faulty.faults)
    packages = _package_faults() if needs_aws else ()
    return [*faults, *warnings, *packages, rest, *machine_findings(look_at_machine())]


def _setting_warnings(warnings: Sequence[str]) -> Sequence[Finding]:
    return [Finding.warning("settings", warning, "linkhub config") for warning in warnings]


def _mend_of(fault: SettingFault) -> str:
    return _MAKE_QUEUES if is_queue_unnamed(fault) else _LIST_SETTINGS


def _settings_findings(loaded: Loaded[Settings]) -> Sequence[Finding]:
    warnings = _setting_warnings(loaded.warnings)
    chosen = sum(setting.source != "default" for setting in loaded.effective)
    settings = f"no faults, {chosen} of {len(loaded.effective)} not by default"
    backend = f"{loaded.settings.storage.backend}, because {backend_reason(loaded.effective)}"
    return [*(warnings or [Finding.ok("settings", settings)]), Finding.ok("backend", backend)]


def _package_faults() -> Sequence[Finding]:
    if find_spec("boto3") is not None:
        return []
    return [Finding.fault("packages", "the aws backend needs boto3, which is missing", how_to_install("aws"))]


def _aws(settings: Settings, clock: Clock) -> Sequence[Finding]:
    if faults := _package_faults():
        return faults
    from linkhub_cli.doctor.aws_findings import aws_findings  # noqa: PLC0415  only with its packages

    findings = aws_findings(settings, clock)
    return [*findings, *_rows(findings, _look_at_items(settings, clock))]


def _embedded(settings: Settings, clock: Clock) -> Sequence[Finding]:
    from linkhub_adapters.sqlite.file_check import (  # noqa: PLC0415  only with this backend
        file_findings,
        look_at_file,
        look_at_place,
        place_findings,
    )
    from linkhub_cli.backends.embedded import FILE_NAME  # noqa: PLC0415  likewise

    directory = settings.storage.data_dir
    file = look_at_file(directory / FILE_NAME)
    findings = [*place_findings(look_at_place(directory)), *file_findings(file, clock.now())]
    if file is None:
        return findings
    if not file.has_our_rows and file.problem is None:
        return [*findings, Finding.not_checked("rows", "the next start brings the tables up to date; look again then")]
    return [*findings, *_rows(findings, _look_at_rows(directory / FILE_NAME))]


def _rows(findings: Sequence[Finding], look: Coroutine[Any, Any, Sequence[Finding]]) -> Sequence[Finding]:
    """What the rows of both stores are like; other faults than these do not keep them from being read."""
    faulty = {finding.subject for finding in findings if finding.verdict is Verdict.FAULT}
    if faulty & _KEEP_ROWS_FROM_BEING_READ:
        look.close()
        return [Finding.not_checked("rows", "mend the faults first")]
    try:
        return asyncio.run(look)
    except LinkhubError as error:
        return [Finding.not_checked("rows", str(error))]


async def _look_at_items(settings: Settings, clock: Clock) -> Sequence[Finding]:
    """The rows in DynamoDB, in its own order: that of the keys would cost a look at the whole index first."""
    from linkhub_adapters.aws.client.calls import AwsCalls  # noqa: PLC0415  only with its packages
    from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls  # noqa: PLC0415  likewise
    from linkhub_adapters.aws.dynamodb.product_items import product_from_item  # noqa: PLC0415  likewise
    from linkhub_adapters.aws.dynamodb.staging_items import staging_from_item  # noqa: PLC0415  likewise
    from linkhub_cli.wiring.aws_clients import open_clients  # noqa: PLC0415  likewise

    async def rows(table: str, read: Callable[[Any], Row]) -> AsyncIterator[Row]:
        async for items in calls.pages("scan", TableName=table):
            for item in items:
                yield read(item)

    with open_clients(settings.aws) as clients:
        aws_calls = AwsCalls(service="DynamoDB", executor=clients.executor)
        calls = DynamoDbCalls(dynamodb=clients.dynamodb, calls=aws_calls, clock=clock)
        products = rows(settings.aws.products_table, product_from_item)
        return await find_in_rows(products, rows(settings.aws.staging_table, staging_from_item))


async def _look_at_rows(path: Path) -> Sequence[Finding]:
    """The rows in the file as it is: a process that opens it would bring an older one up to date."""
    from linkhub_adapters.sqlite.file_check import look_at_rows  # noqa: PLC0415  only with this backend

    async def rows(read: Iterator[Row]) -> AsyncIterator[Row]:
        for row in read:
            yield row

    with look_at_rows(path) as seen:
        return await find_in_rows(rows(seen.products), rows(seen.staging))


def _memory(_: Settings, __: Clock) -> Sequence[Finding]:
    problem = "nothing survives the process, and no other process sees it"
    return [Finding.warning("storage", problem, "LINKHUB_BACKEND=embedded (unless that is what you want)")]


_BACKENDS: Mapping[str, Callable[[Settings, Clock], Sequence[Finding]]] = {
    "aws": _aws,
    "embedded": _embedded,
    "memory": _memory,
}

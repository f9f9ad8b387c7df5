"""Runs a copy of a suite with the test runner that it brings, and reads what came of each case."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tests.protocol_suites.suites import SuiteUnusable

_TIMEOUT_SECONDS = 180.0


@attrs.frozen(kw_only=True)
class CaseResult:
    """The result of one case: ``title`` joins those of its groups and its own, ``problem`` is None if it passed."""

    title: str
    problem: str | None


async def run(copy: Path) -> Sequence[CaseResult]:
    """Run the suite in this directory to its end.

    Raises:
        SuiteUnusable: it did not run: no report, no cases, or no end.
    """
    process = await asyncio.create_subprocess_exec(
        "node", "node_modules/mocha/bin/mocha", "--exit", "--reporter", "json", "test-suite.js",
        cwd=copy, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            stdout, stderr = await process.communicate()
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise SuiteUnusable(f"the suite did not end within {_TIMEOUT_SECONDS:.0f} s") from error
    return read_report(stdout.decode(), stderr.decode())


def read_report(stdout: str, stderr: str) -> Sequence[CaseResult]:
    """Read mocha's JSON report.

    Raises:
        SuiteUnusable: there is none, or no case is in it.
    """
    start = stdout.find("{\n")
    try:
        report = json.loads(stdout[start:])
    except ValueError as error:
        raise SuiteUnusable(f"the suite gave no report: {(stderr or stdout).strip()[-1_000:]}") from error
    cases = [_case(entry) for entry in report["tests"]]
    if not cases:
        raise SuiteUnusable("the suite ran no case")
    return cases


def _case(entry: Mapping[str, Any]) -> CaseResult:
    error = entry["err"]
    return CaseResult(title=entry["fullTitle"], problem=error.get("message", "failed") if error else None)

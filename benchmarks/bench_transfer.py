"""Everything out and in again: the time and memory of ``export --full`` and ``import``, for few and for many products.

Both are processes of their own. Memory is constant if the largest resident size is the same for both numbers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from attrs import frozen
from rich.console import Console
from rich.table import Table

from benchmarks.reads.large_file import fill_file

_LINKHUB = Path(sys.executable).with_name("linkhub")
_CONSTANT = 1.25
"""How many times as much memory the many may take and still count as constant."""


@frozen(kw_only=True)
class Run:
    """One process: its time, its CPU time, and its largest resident size."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


def _run(data_dir: Path, *arguments: str, output: Path) -> Run:
    settings = {"LINKHUB_BACKEND": "embedded", "LINKHUB_DATA_DIR": str(data_dir)}
    began = time.perf_counter()
    with output.open("wb") as opened:
        process = subprocess.Popen([_LINKHUB, *arguments], env={**os.environ, **settings}, stdout=opened)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return Run(
        seconds=time.perf_counter() - began,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
    )


def measure(count: int) -> Mapping[str, Run]:
    """Export so many products, import them into an empty file, and once more."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        source, target, export = directory / "source", directory / "target", directory / "export.jsonl"
        fill_file(source, count, "seller")
        runs = {"export --full": _run(source, "export", "--full", output=export)}
        for path in source.iterdir():  # the disk need not hold all three
            path.unlink()
        for what in ("import into an empty file", "import again, unchanged"):
            runs[what] = _run(target, "import", "--quiet", str(export), output=directory / "counts")
        return runs


@click.command()
@click.option("--few", default=10_000, show_default=True, help="How many products there are at first.")
@click.option("--many", default=1_000_000, show_default=True, help="How many then: 7 kB of disk each.")
def command(few: int, many: int) -> None:
    """Export and import 10,000 and 1,000,000 products."""
    small, large = measure(few), measure(many)
    table = Table("embedded", f"{many:,}: s", "CPU s", "products/s", "peak MiB", f"{few:,}: peak MiB", "memory")
    for what, run in large.items():
        constant = run.peak_mib <= small[what].peak_mib * _CONSTANT
        table.add_row(
            what,
            f"{run.seconds:.0f}",
            f"{run.cpu_seconds:.0f}",
            f"{many / run.seconds:,.0f}",
            f"{run.peak_mib:.0f}",
            f"{small[what].peak_mib:.0f}",
            "constant" if constant else "GROWS",
        )
    Console().print(table)

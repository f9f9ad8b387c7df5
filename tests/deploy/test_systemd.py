"""The units: systemd reads them, and they start the commands that exist."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.e2e.deployment import LINKHUB
from tests.support import requirement

UNITS: Final = Path(__file__).parents[2] / "deploy" / "systemd"


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """With the program at another place, `systemd-analyze verify` has nothing to say."""
    analyze = requirement.require(requirement.SYSTEMD)
    units = [shutil.copy(unit, tmp_path) for unit in sorted(UNITS.glob("*.service"))]
    assert len(units) == 2
    for unit in map(Path, units):
        text = unit.read_text(encoding="utf-8").replace("/opt/linkhub/bin/linkhub", str(LINKHUB))
        unit.write_text(text, encoding="utf-8")
    run = subprocess.run([analyze, "verify", *units], check=False, capture_output=True, text=True)
    assert (run.returncode, [line for line in run.stderr.splitlines() if "linkhub-" in line]) == (0, [])

"""Litestream: what it restores of a data file in use is what the file held."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.deployment import Deployment
from tests.support import requirement
from tests.support.processes import Process

pytestmark = pytest.mark.e2e

CONFIGURATION: Final = Path(__file__).parents[2] / "deploy" / "litestream.yml"
STREAM: Final = Path(__file__).parents[1] / "data" / "stream.jsonl"


def test_a_restored_file_holds_what_the_lost_one_held(tmp_path: Path) -> None:
    """A consumer works while Litestream copies its file; the disk is lost; a restore brings all of it back."""
    litestream = requirement.require(requirement.LITESTREAM)
    before, after = Deployment(tmp_path / "before"), Deployment(tmp_path / "after")
    for deployment in (before, after):
        (deployment.directory / "data").mkdir(parents=True)
    lost, restored = (each.directory / "data" / "linkhub.sqlite3" for each in (before, after))
    configuration = tmp_path / "litestream.yml"
    configuration.write_text(_with_directory(lost, tmp_path / "replica"), encoding="utf-8")
    before.run("publish", str(STREAM))
    with Process([litestream, "replicate", "-config", configuration]) as replicating, before.consume() as consumer:
        before.wait_until_settled(consumer)
        assert consumer.terminate() == 0
        assert replicating.terminate() == 0  # it copies the rest before it ends
    before.check()
    lost.unlink()
    with Process([litestream, "restore", "-config", configuration, "-o", restored, lost]) as restoring:
        assert restoring.wait(timeout_seconds=60) == 0, restoring.stderr_lines
    after.check()


def _with_directory(database: Path, replica: Path) -> str:
    """The configuration with the file's own place, and a directory instead of the bucket."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    text, files = re.subn(r"path: /var/lib/.*", f"path: {database}", text)
    text, buckets = re.subn(r"type: s3\n.*", f"type: file\n      path: {replica}\n", text, flags=re.DOTALL)
    assert (files, buckets) == (1, 1)
    return text

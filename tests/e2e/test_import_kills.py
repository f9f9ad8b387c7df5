"""Imports that are killed with SIGKILL at random lines lose nothing: run again, they end with what was exported.

``python -m benchmarks kills`` runs the same scenario with fifty kills and other seeds.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.deployment import Deployment
from tests.e2e.event_script import EventScript
from tests.e2e.import_kills import fill, import_through_kills, items_of

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A full export of an embedded file in the middle of its work."""
    source = Deployment(tmp_path_factory.mktemp("source"))
    fill(source, EventScript.generate(random.Random(1), videos=150))
    return source.run("export", "--full")


def test_an_import_into_the_embedded_file(deployment: Deployment, tmp_path: Path, export: str) -> None:
    """The exports of both files are the same, and importing it once more changes nothing."""
    import_through_kills(deployment, tmp_path, export, kills=5, seed=1)
    types = ("message", "half", "product", "dead_letter")
    assert items_of(deployment.run("export", "--full"), *types) == items_of(export, *types)


@pytest.mark.aws
def test_an_import_into_aws(make_deployment: Callable[..., Deployment], tmp_path: Path, export: str) -> None:
    """The same on AWS, where messages may be on the queue twice: a standard queue does not know them."""
    deployment = make_deployment(is_fifo=False, has_topic=False)
    import_through_kills(deployment, tmp_path, export, kills=2, seed=2)
    types = ("half", "product", "dead_letter")
    assert items_of(deployment.run("export", "--full"), *types) == items_of(export, *types)
    assert deployment.queued() >= len(items_of(export, "message"))

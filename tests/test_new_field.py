"""A new field is one line in the model: every store, wire and description has it, with no other edit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[1]
_AFTER = "    raw_caption: str | None = decoration("
_LINE = '    currency: str | None = decoration(rules.text(most=30), "Of the price.", example="UGX", expected=False)\n'
_ABSENT = {"stored": "absent", "announced": "absent", "published": "absent"}


def _copy_with_one_line_more(directory: Path) -> Path:
    source = directory / "src"
    shutil.copytree(_ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    model = source / "linkhub_core" / "model" / "values.py"
    before, after = model.read_text(encoding="utf-8").split(_AFTER)
    model.write_text(f"{before}{_LINE}{_AFTER}{after}", encoding="utf-8")
    return source


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, dynamodb_endpoint: str) -> Mapping[str, Any]:
    """A linkhub whose captions have the field ``currency``."""
    directory = tmp_path_factory.mktemp("new-field")
    source = _copy_with_one_line_more(directory)
    paths = os.pathsep.join(map(os.fspath, (source, _ROOT / "docs" / "hooks", _ROOT)))
    result = subprocess.run(
        [sys.executable, "-B", "-m", "tests.support.field_probe", "currency", directory, dynamodb_endpoint],
        check=False,
        capture_output=True,
        text=True,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": paths},
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    seen: dict[str, Any] = json.loads(result.stdout)
    assert seen["source"] == str(source)
    return seen


@pytest.mark.aws
@pytest.mark.parametrize("store", ["memory", "sqlite", "dynamodb"])
def test_a_new_field_lives_in_every_store(found: Mapping[str, Any], store: str) -> None:
    """It waits, is stored, revised, announced and published; an event without it removes it everywhere."""
    values = {name: {**dict.fromkeys(_ABSENT, name)} for name in ("first", "second")}
    assert found[store] == {
        "waiting": ["first"],
        "created": {"revision": 1, **values["first"]},
        "revised": {"revision": 2, **values["second"]},
        "removed": {"revision": 3, **_ABSENT},
    }


@pytest.mark.aws
def test_a_new_field_is_described(found: Mapping[str, Any]) -> None:
    """OpenAPI, AsyncAPI, the reference of events and the strategies of the tests have it, as an optional field."""
    assert found["described"] == {
        "openapi": True,
        "openapi, as certain": False,
        "asyncapi": True,
        "reference": True,
        "strategies": True,
    }

"""Without uvicorn, the processes that need it end with its name and exit code 2, and everything else works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_WITHOUT_UVICORN = "import sys; sys.modules['uvicorn'] = None; from linkhub_cli.main import main; main()"


@pytest.mark.parametrize(
    ("arguments", "variables", "subject"),
    [
        (["serve"], {}, "linkhub serve"),
        (["consume"], {"LINKHUB_METRICS_PORT": "0"}, "LINKHUB_METRICS_PORT=0"),
    ],
)
def test_a_process_that_needs_uvicorn_names_it(
    arguments: list[str], variables: dict[str, str], subject: str, tmp_path: Path
) -> None:
    """And the extra that brings it."""
    result = subprocess.run(
        [sys.executable, "-c", _WITHOUT_UVICORN, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"LINKHUB_BACKEND": "embedded", **variables},
        timeout=60,
    )
    assert result.returncode == 2, result.stderr
    problem = "needs uvicorn, which is missing: pip install '.[server]' in linkhub's checkout"
    assert f"{subject} {problem}" in result.stderr


def test_one_module_uses_uvicorn() -> None:
    """All others can be imported without it."""
    code = """
import importlib, pkgutil, sys
sys.modules["uvicorn"] = None
import linkhub_adapters, linkhub_cli
missing = []
for package in (linkhub_adapters, linkhub_cli):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            missing.append((module.name, error.name))
print(missing)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "[('linkhub_adapters.realtime.server.uvicorn_server', 'uvicorn')]\n"

"""The test kit works from a wheel, in a fresh environment, outside the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Without the plugins of this environment, which take seconds to load; pytest-asyncio is named on the command line.
_ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def _run(*command: str | Path, directory: Path) -> str:
    run = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, env=_ENVIRONMENT)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of a fresh environment with linkhub's wheel, and the libraries of this one."""
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", directory=ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "fresh")
    python = tmp_path / "fresh" / "bin" / "python"
    install = ("-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel)
    _run(sys.executable, *install, directory=tmp_path)
    # A plain path: the .pth files of that directory, which lead to the sources, are not read.
    (libraries,) = tmp_path.glob("fresh/lib/*/site-packages")
    (libraries / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def test_a_contract_suite_runs_from_the_wheel(python: Path, tmp_path: Path) -> None:
    """The example of the guide passes; the tests of what its store does not offer are skipped with the reason."""
    (example,) = re.findall(
        r'```python\n(""".*?)```', (ROOT / "docs/guide/adapters.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "test_dict_staging_store.py").write_text(example, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    where = _run(python, "-c", "import linkhub_core; print(linkhub_core.__file__)", directory=tmp_path)
    assert Path(where.strip()).is_relative_to(tmp_path)
    report = _run(
        python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin", directory=tmp_path
    )
    assert re.search(r"\d\d passed, 2 skipped", report), report
    assert "no fixture 'spoil': rows that cannot be read are not tested" in report

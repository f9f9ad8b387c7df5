"""Clients are made as the settings say, and a missing region is a setting's fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkhub_cli.aws_clients import open_clients
from linkhub_cli.settings import Aws
from linkhub_cli.settings_sources import SettingsFaulty


@pytest.fixture(autouse=True)
def _no_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def test_region_and_address_are_those_of_the_settings() -> None:
    """Both reach the clients."""
    with open_clients(Aws(region="eu-west-1", endpoint_url="http://127.0.0.1:9")) as clients:
        assert clients.sqs.meta.region_name == "eu-west-1"
        assert clients.sqs.meta.endpoint_url == "http://127.0.0.1:9"


@pytest.mark.parametrize("service", ["dynamodb", "sns", "sqs"])
def test_without_a_region_the_setting_is_named(service: str) -> None:
    """Whichever client is made first."""
    with pytest.raises(SettingsFaulty, match="AWS_REGION is needed"), open_clients(Aws()) as clients:
        getattr(clients, service)

"""Clients are made as the settings say, and a missing region is a setting's fault."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import evolve

from linkhub_cli.backends.aws_ports import open_clients
from linkhub_cli.backends.aws_settings import AwsSettings
from linkhub_cli.settings import SettingsFaulty, load_settings

_ALL, _ONE = "http://127.0.0.1:9", "http://127.0.0.1:10"


@pytest.fixture(autouse=True)
def _no_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def test_region_and_address_are_those_of_the_settings() -> None:
    """Both reach the clients."""
    with open_clients(AwsSettings(region="eu-west-1", endpoint_url="http://127.0.0.1:9")) as clients:
        assert clients.sqs.meta.region_name == "eu-west-1"
        assert clients.sqs.meta.endpoint_url == "http://127.0.0.1:9"


@pytest.mark.parametrize("service", ["dynamodb", "sns", "sqs"])
def test_the_address_of_one_service_beats_that_of_all(service: str) -> None:
    """As in every SDK; the other services keep the address of all."""
    loaded = load_settings(environment={"AWS_ENDPOINT_URL": _ALL, f"AWS_ENDPOINT_URL_{service.upper()}": _ONE})
    with open_clients(evolve(loaded.settings.of(AwsSettings), region="eu-west-1")) as clients:
        found = {name: getattr(clients, name).meta.endpoint_url for name in ("dynamodb", "sns", "sqs")}
    assert found == {**dict.fromkeys(("dynamodb", "sns", "sqs"), _ALL), service: _ONE}


@pytest.mark.parametrize("place", ["environment", "profile"])
def test_configured_addresses_can_be_ignored(place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the variable and by the profile, as in boto3 itself."""
    if place == "environment":
        monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    else:
        _write_profile(tmp_path, "ignore_configured_endpoint_urls = true")
    with open_clients(AwsSettings(region="eu-west-1", endpoint_url=_ALL, sqs_endpoint_url=_ONE)) as clients:
        assert "amazonaws.com" in clients.sqs.meta.endpoint_url
        assert "amazonaws.com" in clients.dynamodb.meta.endpoint_url


def test_a_profile_gives_region_and_addresses(tmp_path: Path) -> None:
    """What the settings leave open is read from the profile; an address of the settings goes before it."""
    profile = f"region = eu-north-1\nservices = here\n[services here]\nsqs =\n  endpoint_url = {_ALL}"
    _write_profile(tmp_path, profile)
    with open_clients(AwsSettings()) as clients:
        assert (clients.sqs.meta.region_name, clients.sqs.meta.endpoint_url) == ("eu-north-1", _ALL)
    with open_clients(AwsSettings(endpoint_url=_ONE)) as clients:
        assert clients.sqs.meta.endpoint_url == _ONE


def test_the_env_file_reaches_the_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and profile in the file count; what the environment says goes before it."""
    file = tmp_path / ".env"
    file.write_text("AWS_PROFILE=of-the-file\nAWS_ACCESS_KEY_ID=of-the-file\nAWS_SESSION_TOKEN=\n", encoding="utf-8")
    monkeypatch.setattr(os, "environ", {"AWS_ACCESS_KEY_ID": "of-the-process", "AWS_PROFILE": ""})
    load_settings({"LINKHUB_BACKEND": "aws"}, env_file=file, before_init=True)
    assert os.environ == {"AWS_ACCESS_KEY_ID": "of-the-process", "AWS_PROFILE": "of-the-file"}


def _write_profile(directory: Path, lines: str) -> None:
    (directory / "none").write_text(f"[default]\n{lines}\n", encoding="utf-8")


@pytest.mark.parametrize("service", ["dynamodb", "sns", "sqs"])
def test_without_a_region_the_setting_is_named(service: str) -> None:
    """Whichever client is made first."""
    with pytest.raises(SettingsFaulty, match="AWS_REGION is needed"), open_clients(AwsSettings()) as clients:
        getattr(clients, service)

"""The backend in use, the reason, and the settings that it does not read."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from linkhub_cli.backends.aws_settings import AwsSettings
from linkhub_cli.settings import Loaded, SettingsFaulty, load_settings
from linkhub_cli.settings.setting import facts_of

_QUEUES = {"SQS_CAPTION_QUEUE_URL": "https://sqs/1/caption", "SQS_THUMBNAIL_QUEUE_URL": "https://sqs/1/thumbnail"}
_DEFAULT = "neither LINKHUB_BACKEND nor a setting that implies another backend is set"
_AWS_VARIABLES = sorted(facts_of(option).variable for option in attrs.fields(AwsSettings))


def _load(**environment: str) -> Loaded:
    return load_settings(environment=environment)


@pytest.mark.parametrize(
    ("environment", "backend", "reason"),
    [
        ({}, "embedded", _DEFAULT),
        (_QUEUES, "aws", "SQS_CAPTION_QUEUE_URL is set and LINKHUB_BACKEND is not"),
        (_QUEUES | {"LINKHUB_BACKEND": " "}, "aws", "SQS_CAPTION_QUEUE_URL is set and LINKHUB_BACKEND is not"),
        (_QUEUES | {"LINKHUB_BACKEND": "Memory"}, "memory", "LINKHUB_BACKEND says so (environment)"),
        (_QUEUES | {"LINKHUB_BACKEND": "aws"}, "aws", "LINKHUB_BACKEND says so (environment)"),
        (
            dict.fromkeys(_QUEUES, ""),
            "embedded",
            "neither LINKHUB_BACKEND nor a setting that implies another backend is set",
        ),
    ],
)
def test_the_backend_and_its_reason(environment: dict[str, str], backend: str, reason: str) -> None:
    """A queue's URL asks for aws; LINKHUB_BACKEND decides where it is set."""
    loaded = _load(**environment)
    assert (loaded.settings.storage.backend, loaded.backend_reason) == (backend, reason)


def test_an_env_file_chooses_too(tmp_path: Path) -> None:
    """URLs in the file count as those in the environment do."""
    file = tmp_path / ".env"
    file.write_text("".join(f"{name}={url}\n" for name, url in _QUEUES.items()), encoding="utf-8")
    assert load_settings(env_file=file, environment={}).settings.storage.backend == "aws"


@pytest.mark.parametrize("url", ["https://sqs/1/thumbnail", "no URL"])
def test_one_queue_alone_asks_for_aws_and_for_the_other(url: str) -> None:
    """The fault says why the other is needed, and how to do without."""
    with pytest.raises(SettingsFaulty) as faulty:
        _load(SQS_THUMBNAIL_QUEUE_URL=url)
    fault = next(fault for fault in faulty.value.faults if fault.variable == "SQS_CAPTION_QUEUE_URL")
    assert "in use because SQS_THUMBNAIL_QUEUE_URL is set" in fault.problem
    assert "or set LINKHUB_BACKEND to another backend" in fault.problem


@pytest.mark.parametrize("backend", ["embedded", "memory"])
@pytest.mark.parametrize("variable", [name for name in _AWS_VARIABLES if name != "AWS_REGION"])
def test_a_setting_of_aws_is_warned_of_where_it_is_ignored(variable: str, backend: str) -> None:
    """Each is named, with its source and the backend that does not read it."""
    text = next(one.facts.example or str(one.value) for one in _load().effective if one.facts.variable == variable)
    (warning,) = _load(**{variable: text, "LINKHUB_BACKEND": backend}).warnings
    assert warning.startswith(f"{variable} (environment) is ignored: the backend is {backend}")


def test_ignored_settings_are_named_in_one_line() -> None:
    """All of them, the region too."""
    (warning,) = _load(**_QUEUES, AWS_REGION="eu-west-1", LINKHUB_BACKEND="embedded").warnings
    assert all(name in warning for name in (*_QUEUES, "AWS_REGION"))
    assert "are ignored" in warning


def test_a_region_alone_is_of_other_programs() -> None:
    """Platforms set it for all; and the aws backend ignores none of its settings."""
    assert _load(AWS_REGION="eu-west-1").warnings == []
    assert _load(**_QUEUES, AWS_REGION="eu-west-1").warnings == []

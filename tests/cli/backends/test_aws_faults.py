"""A fault of the AWS SDK's configuration is one line, with the setting and the remedy."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from attrs import frozen

from linkhub_adapters.aws.client.sdk_faults import SdkFault, SdkPart, SdkUnavailable, sdk_fault_of
from linkhub_cli.backends.aws_faults import line_of, mend_of
from linkhub_cli.failures import exit_code_of, words_of
from tests.cli.conftest import Terminal

MISTAKEN, UNAVAILABLE = 2, 3


@frozen(kw_only=True)
class Case:
    """A configuration, what is said of it, the setting that is named, and the exit code."""

    environment: Mapping[str, str]
    problem: str
    setting: str
    exit_code: int = MISTAKEN
    config: str = ""
    is_offline: bool = True


KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
CASES = {
    "no token file (IRSA)": Case(
        environment={
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/absent/token",
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/hub",
        },
        problem="/absent/token: No such file",
        setting="AWS_WEB_IDENTITY_TOKEN_FILE",
    ),
    "a directory for a token file": Case(
        environment={"AWS_WEB_IDENTITY_TOKEN_FILE": "/", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/hub"},
        problem="/: Is a directory",
        setting="AWS_WEB_IDENTITY_TOKEN_FILE",
    ),
    "no token file (Pod Identity)": Case(
        environment={
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/absent/token",
        },
        problem="/absent/token: No such file",
        setting="AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ),
    "container credentials of a foreign host": Case(
        environment={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://shop.example/credentials"},
        problem="Unsupported host 'shop.example'",
        setting="AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ),
    "no credential process": Case(
        environment={},
        config="[default]\ncredential_process = /absent/program\n",
        problem="/absent/program: No such file",
        setting="credential_process",
    ),
    "a credential process that prints words": Case(
        environment={},
        config="[default]\ncredential_process = echo hello\n",
        problem="did not print one JSON object",
        setting="credential_process",
    ),
    "a credential process that prints a list": Case(
        environment={},
        config="[default]\ncredential_process = echo []\n",
        problem="did not print one JSON object",
        setting="credential_process",
    ),
    "a credential process that fails": Case(
        environment={},
        config="[default]\ncredential_process = false\n",
        problem="it failed",
        setting="credential_process",
        exit_code=UNAVAILABLE,
    ),
    "an unknown profile": Case(environment={"AWS_PROFILE": "unknown"}, problem="unknown", setting="AWS_PROFILE"),
    "a broken config file": Case(
        environment={}, config="no section\n[default\n", problem="parse config file", setting="AWS_CONFIG_FILE"
    ),
    "a source profile that is absent": Case(
        environment={},
        config="[default]\nrole_arn = arn:aws:iam::123456789012:role/hub\nsource_profile = unknown\n",
        problem="unknown",
        setting="AWS_CONFIG_FILE",
    ),
    "half a key": Case(
        environment={"AWS_ACCESS_KEY_ID": "test"}, problem="AWS_SECRET_ACCESS_KEY", setting="AWS_SECRET_ACCESS_KEY"
    ),
    "an endpoint without a scheme": Case(
        environment={**KEYS, "AWS_ENDPOINT_URL_SQS": "localhost:4566"},
        problem="localhost:4566",
        setting="AWS_ENDPOINT_URL",
        is_offline=False,
    ),
    "an odd defaults mode": Case(
        environment={**KEYS, "AWS_DEFAULTS_MODE": "fast"}, problem="fast", setting="AWS_DEFAULTS_MODE"
    ),
    "an odd value of another setting": Case(
        environment={**KEYS, "AWS_REQUEST_CHECKSUM_CALCULATION": "odd"}, problem="odd", setting="AWS_..."
    ),
    "a number that is none": Case(
        environment={"AWS_METADATA_SERVICE_TIMEOUT": "soon", "AWS_EC2_METADATA_DISABLED": "false"},
        problem="soon",
        setting="AWS_...",
    ),
    "no file of certificates": Case(
        environment={**KEYS, "AWS_CA_BUNDLE": "/absent/ca.pem", "AWS_ENDPOINT_URL": "https://127.0.0.1:{port}"},
        problem="No such file",
        setting="AWS_CA_BUNDLE",
    ),
    "no login": Case(
        environment={},
        config=(
            "[default]\nsso_session = shop\nsso_account_id = 123456789012\nsso_role_name = hub\n"
            "[sso-session shop]\nsso_region = us-east-1\nsso_start_url = https://shop.invalid/start\n"
        ),
        problem="SSO Token",
        setting="aws sso login",
        exit_code=UNAVAILABLE,
    ),
    "nothing at all": Case(environment={}, problem="credentials", setting="AWS_ACCESS_KEY_ID", exit_code=UNAVAILABLE),
    "a FIFO topic": Case(
        environment={**KEYS, "SNS_NEW_PRODUCT_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:news.fifo"},
        problem="FIFO topic",
        setting="SNS_NEW_PRODUCT_TOPIC_ARN",
    ),
}


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The SDK without any configuration but a file that a test may write."""
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    config = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "absent"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return config


@pytest.fixture
def port() -> Iterator[int]:
    """A port that takes connections and never answers: each fault here is found before anything is sent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield silent.getsockname()[1]


def environment_of(case: Case, config: Path, port: int) -> dict[str, str]:
    """Everything that leads to AWS, and nothing that answers."""
    if case.config:
        config.write_text(case.config, encoding="utf-8")
    endpoint = f"http://127.0.0.1:{port}"
    return {
        "LINKHUB_BACKEND": "aws",
        "LINKHUB_PORT": "0",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SQS_CAPTION_QUEUE_URL": f"{endpoint}/123456789012/caption",
        "SQS_THUMBNAIL_QUEUE_URL": f"{endpoint}/123456789012/thumbnail",
        **({"AWS_ENDPOINT_URL": endpoint} if case.is_offline else {}),
        **{name: text.format(port=port) for name, text in case.environment.items()},
    }


@pytest.mark.parametrize("name", CASES)
def test_a_command_says_it_in_one_line(terminal: Terminal, sdk: Path, port: int, name: str) -> None:
    """What is wrong, which setting, what mends it; 2 for a setting, 3 for what may pass by waiting."""
    case = CASES[name]
    result = terminal.run("export", **environment_of(case, sdk, port))
    (line,) = result.stderr.splitlines()
    assert case.problem in line
    assert case.setting in line
    assert result.exit_code == case.exit_code


@pytest.mark.parametrize(
    "name",
    [
        "no token file (IRSA)",  # found by the first call
        "no token file (Pod Identity)",  # found where a client is made
        "a credential process that prints words",
        "an unknown profile",  # found where the session is made
        "a broken config file",
        "an endpoint without a scheme",
        "an odd defaults mode",
        "no file of certificates",
        "nothing at all",
        "a FIFO topic",
    ],
)
def test_doctor_finds_it(terminal: Terminal, sdk: Path, port: int, name: str) -> None:
    """It is a fault, with the setting in what mends it; doctor goes on with what does not need the SDK."""
    case = CASES[name]
    result = terminal.run("doctor", "--json", **environment_of(case, sdk, port))
    found = [json.loads(line) for line in result.stdout.splitlines()]
    faults = [finding for finding in found if finding["verdict"] == "fault" and case.problem in finding["seen"]]
    assert faults, result.output
    assert case.setting in " ".join((faults[0]["seen"], *faults[0]["mend"]))
    assert "open files" in {finding["subject"] for finding in found}
    assert "Traceback" not in result.output


def test_init_says_it_as_well(terminal: Terminal, sdk: Path, port: int) -> None:
    """Making the resources meets the same faults."""
    result = terminal.run("init", **environment_of(CASES["an unknown profile"], sdk, port))
    assert (result.exit_code, "AWS_PROFILE" in result.stderr) == (MISTAKEN, True)


@pytest.mark.parametrize("part", SdkPart)
def test_each_part_has_a_setting_and_a_mend(part: SdkPart) -> None:
    """No fault of the SDK is without advice."""
    fault = SdkFault(part=part, problem="odd")
    (step,) = mend_of(fault)
    setting, _, mend = step.partition(": ")
    assert f"({setting}); {mend}" in line_of(fault)


def test_what_may_pass_is_tried_again() -> None:
    """For a running process each of them is transient; a command ends with 3 only where waiting may help."""
    lasting = SdkUnavailable("SQS", SdkFault(part=SdkPart.PROFILE, problem="odd"))
    passing = SdkUnavailable("SQS", SdkFault(part=SdkPart.CREDENTIALS, problem="none", may_pass=True))
    assert [exit_code_of(lasting), exit_code_of(passing)] == [MISTAKEN, UNAVAILABLE]
    assert "AWS_PROFILE" in words_of(lasting)
    assert str(passing) == "SQS is unavailable: none"


def test_an_error_that_is_not_the_sdks_is_left_alone() -> None:
    """A bug of linkhub's keeps its traceback."""
    with pytest.raises(ValueError, match="ours") as raised:
        int("ours")
    assert sdk_fault_of(raised.value) is None

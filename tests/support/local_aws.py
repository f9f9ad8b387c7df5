"""The AWS backend on this machine: ``python -m tests.support.local_aws [COMMAND ...]``, which ``make run-aws`` runs.

It starts the servers of the tests, makes linkhub's resources on them, and runs a command of linkhub there, by default
the demo. When that ends or a signal arrives, the servers are stopped, and all data is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
import pytest

from tests.support.aws import environment
from tests.support.dynamodb_local import run_dynamodb_local
from tests.support.sqs_sns import run_sqs_sns

_DEMO = ("demo", "--configured")
_ENV_FILE = Path(".cache/aws.env")
_LINKHUB = os.fspath(Path(sys.executable).with_name("linkhub"))


@contextmanager
def run_servers() -> Iterator[tuple[str, str]]:
    """Run DynamoDB Local and a server that speaks SQS and SNS; give their endpoints.

    Raises:
        click.ClickException: this machine lacks what they need.
    """
    try:
        with run_dynamodb_local() as dynamodb_endpoint, run_sqs_sns() as sqs_sns_endpoint:
            yield dynamodb_endpoint, sqs_sns_endpoint
    except (pytest.skip.Exception, pytest.fail.Exception) as missing:  # how the tests say what a machine lacks
        raise click.ClickException(str(missing)) from None


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def main(command: Sequence[str]) -> None:
    """Run a COMMAND of linkhub on local servers for DynamoDB, SQS and SNS: by default `demo --configured`."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    click.echo("Starting DynamoDB Local and a server for SQS and SNS ...", err=True)
    try:
        with run_servers() as endpoints, _env_file(*endpoints):
            status = _run(command or _DEMO)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(status)


def _stop(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


@contextmanager
def _env_file(dynamodb_endpoint: str, sqs_sns_endpoint: str) -> Iterator[None]:
    """The settings that lead to the servers, in a file for other terminals."""
    leads = environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint)
    _ENV_FILE.parent.mkdir(exist_ok=True)
    try:
        _ENV_FILE.write_text("".join(f"{name}={value}\n" for name, value in leads.items()), encoding="utf-8")
        init: list[str | Path] = [_LINKHUB, "--env-file", _ENV_FILE, "init"]
        made = subprocess.run(init, env=_own_environment(LINKHUB_BACKEND="aws"), check=False, stdout=subprocess.PIPE)
        if made.returncode:
            sys.exit(made.returncode)
        with _ENV_FILE.open("ab") as file:
            file.write(made.stdout)
        click.echo(f"\nIn another terminal: linkhub --env-file {_ENV_FILE} doctor", err=True)
        yield
    finally:
        _ENV_FILE.unlink(missing_ok=True)


def _run(command: Sequence[str]) -> int:
    """Run the command to its end; a signal that ends this process ends the command first."""
    with subprocess.Popen([_LINKHUB, "--env-file", _ENV_FILE, *command], env=_own_environment()) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # Ctrl-C is sent to the command, too
            return process.wait()
        except SystemExit:
            process.terminate()
            process.wait()
            raise


def _own_environment(**more: str) -> dict[str, str]:
    """The environment without what would lead to another AWS account."""
    names = ("AWS_", "LINKHUB_BACKEND", "SQS_", "DYNAMODB_", "SNS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(names)} | more


if __name__ == "__main__":
    main()

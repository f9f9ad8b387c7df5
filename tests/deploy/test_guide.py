"""The guide to deploying: its files exist, and its commands run, as far as a test may run them."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

from tests.deploy.test_names import DEPLOY
from tests.support import requirement

REPOSITORY: Final = DEPLOY.parent
GUIDE: Final = (REPOSITORY / "docs" / "guide" / "deploy.md").read_text(encoding="utf-8")
COMMANDS: Final = re.findall(r"^\$ (.*)$", GUIDE, re.MULTILINE)


def test_every_file_that_is_named_exists() -> None:
    """A command names no file that was moved."""
    named = {part for command in COMMANDS for part in shlex.split(command) if part.startswith("deploy/")}
    named -= {"deploy/linkhub-serve"}  # a deployment of Kubernetes
    assert len(named) > 5
    assert [name for name in sorted(named) if not (REPOSITORY / name).is_file()] == []


def test_every_file_is_in_the_guide() -> None:
    """No file of the directory is without a place in the guide."""
    directories = {path.parent.name if path.parent != DEPLOY else path.name for path in DEPLOY.rglob("*.*")}
    assert [name for name in sorted(directories) if name not in GUIDE] == []


def test_the_commands_of_one_host_lay_the_files(tmp_path: Path) -> None:
    """What `install` and `sed` leave is what systemd and nginx read, and nginx takes its file."""
    nginx = requirement.require(requirement.NGINX)
    for directory in ("etc/systemd/system", "etc/nginx"):
        (tmp_path / directory).mkdir(parents=True)
    commands = [command for command in COMMANDS if command.startswith(("install ", "sed "))]
    assert len(commands) == 4
    for command in commands:
        subprocess.run(shlex.split(command.replace("/etc/", f"{tmp_path}/etc/")), cwd=REPOSITORY, check=True)
    assert (tmp_path / "etc/linkhub/linkhub.env").stat().st_mode & 0o777 == 0o600
    assert len(list((tmp_path / "etc/systemd/system").iterdir())) == 2
    configuration = tmp_path / "etc/nginx/nginx.conf"
    assert "server 127.0.0.1:3002;" in configuration.read_text(encoding="utf-8")
    check = subprocess.run([nginx, "-t", "-c", configuration], check=False, capture_output=True, text=True)
    assert check.returncode == 0, check.stderr

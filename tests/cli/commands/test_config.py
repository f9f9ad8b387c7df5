"""``linkhub config``."""

from pathlib import Path

from tests.cli.conftest import Terminal

ROOT = Path(__file__).parents[3]


def test_shows_values_and_where_they_came_from(terminal: Terminal) -> None:
    """A table of every setting; an unset one says what holds, a secret is masked."""
    result = terminal.run("config", LINKHUB_PORT="8080", LINKHUB_ADMIN_TOKEN="hunter2")
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines() if line.startswith(("LINKHUB_", "AWS_"))}
    assert rows["LINKHUB_PORT"].split() == ["LINKHUB_PORT", "8080", "environment"]
    assert "(no second port)" in rows["LINKHUB_WS_PORT"]
    assert "hunter2" not in result.output
    assert "********" in rows["LINKHUB_ADMIN_TOKEN"]


def test_reads_the_env_file_that_is_there(terminal: Terminal) -> None:
    """.env in the working directory counts, and is named as the source."""
    (terminal.directory / ".env").write_text("LINKHUB_PORT=4000\n", encoding="utf-8")
    (port,) = (one for one in terminal.lines("config", "--json") if one["variable"] == "LINKHUB_PORT")
    assert (port["value"], port["source"], port["default"]) == ("4000", ".env", "3002")


def test_reads_the_env_file_that_is_named(terminal: Terminal) -> None:
    """--env-file takes the place of .env."""
    (terminal.directory / ".env").write_text("LINKHUB_PORT=4000\n", encoding="utf-8")
    (terminal.directory / "other").write_text("LINKHUB_HOST=::1\n", encoding="utf-8")
    values = {one["variable"]: one["value"] for one in terminal.lines("--env-file", "other", "config", "--json")}
    assert (values["LINKHUB_PORT"], values["LINKHUB_HOST"]) == ("3002", "::1")


def test_reports_all_faults_at_once(terminal: Terminal) -> None:
    """Each fault is one line on standard error; the exit code is 2."""
    result = terminal.run("config", LINKHUB_PORT="http", LINKHUB_BACKEND="aws", LINKHUB_LOG_LEVEL="loud")
    assert result.exit_code == 2
    assert result.stdout == ""
    for variable in ("LINKHUB_PORT=http", "LINKHUB_LOG_LEVEL=loud", "SQS_CAPTION_QUEUE_URL", "SQS_THUMBNAIL_QUEUE_URL"):
        assert f"\n  {variable}" in result.stderr


def test_warns_of_a_slip(terminal: Terminal) -> None:
    """A variable whose name is almost that of a setting is reported."""
    result = terminal.run("config", LINKHUB_PROT="1")
    assert result.exit_code == 0
    assert "did you mean LINKHUB_PORT?" in result.stderr


def test_prints_the_committed_example(terminal: Terminal) -> None:
    """--env-example prints the file that is committed, whatever the configuration is."""
    result = terminal.run("config", "--env-example", LINKHUB_PORT="http")
    assert result.stdout == (ROOT / ".env.example").read_text(encoding="utf-8")


def test_prints_markdown(terminal: Terminal) -> None:
    """--markdown prints tables for the docs."""
    assert "| `LINKHUB_PORT` | `3002` |" in terminal.run("config", "--markdown").stdout

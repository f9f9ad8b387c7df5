"""``linkhub doctor``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.cli.conftest import Terminal
from tests.support.processes import free_port


def findings(terminal: Terminal, exit_code: int, **environment: str) -> list[dict[str, Any]]:
    """Its findings as JSON, on a free port."""
    result = terminal.run("doctor", "--json", **{"LINKHUB_PORT": "0", **environment})
    assert result.exit_code == exit_code, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def faults(found: list[dict[str, Any]]) -> list[str]:
    """The subjects that are at fault; each comes with what mends it."""
    at_fault = [finding for finding in found if finding["verdict"] == "fault"]
    assert all(finding["mend"] for finding in at_fault)
    return [finding["subject"] for finding in at_fault]


def test_an_embedded_file_that_is_well(terminal: Terminal) -> None:
    """Before the first start and after it nothing is at fault, and looking makes no file."""
    assert faults(findings(terminal, 0)) == []
    assert list(terminal.directory.iterdir()) == []
    terminal.consume()
    subjects = [finding["subject"] for finding in findings(terminal, 0)]
    assert subjects.count("rows") == 1
    assert set(subjects) >= {"settings", "data directory", "disk", "file", "integrity", "clock", "processes", "port 0"}


def test_rows_are_one_finding(terminal: Terminal) -> None:
    """Both tables are looked at once."""
    terminal.consume()
    (rows,) = [finding for finding in findings(terminal, 0) if finding["subject"] == "rows"]
    assert (rows["verdict"], rows["seen"]) == ("ok", "0 read: all can be read, none is of another service")


def test_looking_leaves_an_older_schema_as_it_is(terminal: Terminal) -> None:
    """The next start brings the file up to date, and not doctor, which changes nothing."""
    terminal.consume()
    with closing(sqlite3.connect(terminal.directory / "data" / "linkhub.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 3")
        (rows,) = [finding for finding in findings(terminal, 0) if finding["subject"] == "rows"]
        assert rows["verdict"] == "not checked"
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)


def test_a_file_that_is_none(terminal: Terminal) -> None:
    """One fault, exit code 1."""
    (terminal.directory / "data").mkdir()
    (terminal.directory / "data" / "linkhub.sqlite3").write_text("no database" * 99, encoding="utf-8")
    assert faults(findings(terminal, 1)) == ["file"]


def test_memory_keeps_nothing(terminal: Terminal) -> None:
    """It is said, and is no fault."""
    found = findings(terminal, 0, LINKHUB_BACKEND="memory")
    (storage,) = (finding for finding in found if finding["subject"] == "storage")
    assert (storage["verdict"], storage["seen"].split(",")[0]) == ("warning", "nothing survives the process")


def test_faulty_settings_are_reported_all_at_once(terminal: Terminal) -> None:
    """Each is a fault of its own, and the exit code says that the configuration is mistaken."""
    found = findings(terminal, 2, LINKHUB_BACKEND="aws", LINKHUB_LOG_LEVEL="loud")
    seen = [finding["seen"].split()[0] for finding in found if finding["verdict"] == "fault"]
    assert seen == ["LINKHUB_LOG_LEVEL=loud", "SQS_CAPTION_QUEUE_URL", "SQS_THUMBNAIL_QUEUE_URL"]
    assert "everything else" in {finding["subject"] for finding in found}


def test_a_misspelled_setting_is_reported_beside_a_fault(terminal: Terminal) -> None:
    """It may be the reason for the fault; a service says so on standard error, too."""
    given = {"LINKHUB_PROT": "1", "LINKHUB_BATCH_SIZE": "none"}
    found = findings(terminal, 2, **given)
    assert next(finding["seen"] for finding in found if finding["verdict"] == "warning").startswith("LINKHUB_PROT")
    result = terminal.run("consume", **given)
    assert result.exit_code == 2
    assert "linkhub: warning: LINKHUB_PROT (environment) is not a setting: did you mean LINKHUB_PORT?" in result.stderr


def test_what_is_wrong_with_settings_is_mended_where_it_can_be(terminal: Terminal) -> None:
    """``init`` makes queues without a setting and prints their names; other values are in the example file."""
    found = findings(terminal, 2, LINKHUB_BACKEND="aws", LINKHUB_LOG_LEVEL="loud")
    mends = [finding["mend"][0] for finding in found if finding["verdict"] == "fault"]
    assert [mend.partition(" (")[0] for mend in mends] == [
        "linkhub config --env-example",
        "linkhub init",
        "linkhub init",
    ]


def test_a_misspelled_setting_is_reported(terminal: Terminal) -> None:
    """A variable that nearly has the name of a setting is a warning."""
    (slip,) = (finding for finding in findings(terminal, 0, LINKHUB_PROT="1") if finding["subject"] == "settings")
    assert slip["verdict"] == "warning"
    assert "did you mean LINKHUB_PORT?" in slip["seen"]


def test_the_backend_and_its_reason_are_named(terminal: Terminal) -> None:
    """Chosen by the variable, or by what else is set."""
    (backend,) = (finding for finding in findings(terminal, 0) if finding["subject"] == "backend")
    assert (backend["verdict"], backend["seen"]) == ("ok", "embedded, because LINKHUB_BACKEND says so (environment)")


def test_settings_that_the_backend_ignores_are_named(terminal: Terminal) -> None:
    """A configuration of AWS beside the embedded file is no sound one."""
    found = findings(terminal, 0, SQS_CAPTION_QUEUE_URL="https://sqs/1/caption")
    (warning,) = (finding for finding in found if finding["subject"] == "settings")
    assert warning["verdict"] == "warning"
    assert "SQS_CAPTION_QUEUE_URL (environment) is ignored: the backend is embedded" in warning["seen"]


def test_a_person_reads_lines(terminal: Terminal) -> None:
    """Verdict, subject and what was seen in a line; the count on standard error."""
    result = terminal.run("doctor", LINKHUB_PORT="0")
    assert result.exit_code == 0
    assert any(line.split()[:2] == ["ok", "settings"] for line in result.stdout.splitlines())
    assert "0 faults" in result.stderr


def test_services_that_are_away_are_found_and_raise_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On AWS without a reply: each subject that should answer is at fault, and no other."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    endpoint = f"http://127.0.0.1:{free_port()}"
    found = findings(
        terminal,
        1,
        LINKHUB_BACKEND="aws",
        AWS_REGION="us-east-1",
        AWS_ENDPOINT_URL=endpoint,
        SQS_CAPTION_QUEUE_URL=f"{endpoint}/000000000000/caption",
        SQS_THUMBNAIL_QUEUE_URL=f"{endpoint}/000000000000/thumbnail",
        SNS_NEW_PRODUCT_TOPIC_ARN="arn:aws:sns:us-east-1:000000000000:news",
    )
    assert faults(found) == [
        "table linkhub-products",
        "table linkhub-staging",
        "queue caption",
        "queue thumbnail",
        "topic news",
    ]
    assert "open files" in {finding["subject"] for finding in found}

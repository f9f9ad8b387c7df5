"""Importing any module of linkhub opens no file and calls no service: only the composition root makes clients."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PROBE = Path(__file__).parent / "support" / "import_probe.py"

# Third parties that open something at their own import, which linkhub can't help; each with what and why.
_KNOWN = {
    ("socket.__new__", "urllib3.util.connection"),  # asks the machine once whether it speaks IPv6
    ("socket.bind", "urllib3.util.connection"),
    ("os.environ", "wsgiref.handlers"),  # copies the whole environment; prometheus-client imports it
}


def _probe(packages: list[str], *, path: Path) -> list[dict[str, str]]:
    result = subprocess.run(
        [sys.executable, "-B", os.fspath(_PROBE), *packages],
        check=False,
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": os.fspath(path), "LINKHUB_BACKEND": "memory"},
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_no_module_of_linkhub_opens_anything() -> None:
    """No socket, file for writing, process, SQLite file or thread, and no variable of linkhub's is read."""
    findings = _probe(["linkhub_core", "linkhub_adapters", "linkhub_cli"], path=_ROOT / "src")
    assert [one for one in findings if (one["what"], one["module"]) not in _KNOWN] == []


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import socket; socket.socket().close()", "socket.__new__"),
        ("import socket; socket.getaddrinfo('127.0.0.1', 80)", "socket.getaddrinfo"),
        ("open('written', 'w').close()", "open"),
        ("from pathlib import Path; Path('written').write_bytes(b'')", "open"),
        ("import os; os.close(os.open('written', os.O_CREAT | os.O_WRONLY))", "open"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-c', ''])", "subprocess.Popen"),
        ("import os; os.system('true')", "os.system"),
        ("import sqlite3; sqlite3.connect(':memory:').close()", "sqlite3.connect"),
        (
            "import threading; threading.Thread(target=int, daemon=True).start()",
            "threading.Thread",
        ),
        ("import os; os.environ.get('LINKHUB_BACKEND')", "os.environ"),
        ("import os; os.getenv('SQS_CAPTION_QUEUE_URL', '')", "os.environ"),
        ("import os; 'LINKHUB_PORT' in os.environ", "os.environ"),
        ("import os; dict(os.environ)", "os.environ"),
        ("class Eager:\n    import sqlite3\n    connection = sqlite3.connect(':memory:')", "sqlite3.connect"),
    ],
)
def test_a_module_that_opens_something_is_found(code: str, what: str, tmp_path: Path) -> None:
    """The probe names each kind of thing, and the module deep in a package whose import opened it."""
    (tmp_path / "bad" / "deep").mkdir(parents=True)
    (tmp_path / "bad" / "__init__.py").touch()
    (tmp_path / "bad" / "deep" / "__init__.py").touch()
    (tmp_path / "bad" / "deep" / "module.py").write_text(f"import os\nos.chdir({os.fspath(tmp_path)!r})\n{code}\n")
    findings = _probe(["bad"], path=tmp_path)
    assert (what, "bad.deep.module") in {(one["what"], one["module"]) for one in findings}


def test_a_module_that_only_reads_is_not_accused(tmp_path: Path) -> None:
    """Files opened for reading and variables of others are allowed."""
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "__init__.py").write_text("import os\nopen(__file__).close()\nos.environ.get('PATH')\n")
    assert _probe(["good"], path=tmp_path) == []


def test_a_module_that_cannot_be_imported_fails(tmp_path: Path) -> None:
    """A module that breaks at import is an error, not a module with nothing to report."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").touch()
    (tmp_path / "broken" / "module.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(AssertionError, match="no_such_module_anywhere"):
        _probe(["broken"], path=tmp_path)

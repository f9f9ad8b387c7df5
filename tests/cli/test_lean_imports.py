"""A command imports no package that it does not use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from linkhub_cli.main import imports_without


def _imported(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(ended.stdout.splitlines()[-1].split())


def test_help_imports_click_and_little_else() -> None:
    """Neither asyncio nor attrs nor any of linkhub's own rooms."""
    imported = _imported(
        "from linkhub_cli.main import program\nprogram(['--help'], prog_name='linkhub', standalone_mode=False)"
    )
    assert "click" in imported
    assert not imported & {"asyncio", "attr", "attrs", "linkhub_core", "linkhub_adapters", "rich", "structlog"}


@pytest.mark.parametrize("command", ["serve", "consume"])
def test_a_service_imports_nothing_for_tables_and_other_frameworks(command: str) -> None:
    """rich, Flask and FastAPI stay out, also where they are installed."""
    imported = _imported(f"from linkhub_cli.main import program\nassert program.get_command(None, {command!r})")
    assert "dependency_injector" in imported
    assert not imported & {"boto3", "fastapi", "flask", "pygments", "rich", "werkzeug"}


def test_a_hidden_package_is_back_afterwards() -> None:
    """Only what is imported within the block goes without it; what was imported before stays."""
    with imports_without("wave", "sys"):
        import sys as seen  # noqa: PLC0415  that is what is tried

        assert seen is sys
        with pytest.raises(ImportError):
            import wave  # noqa: PLC0415  as above
    import wave  # noqa: PLC0415  as above

    assert wave.__name__ == "wave"

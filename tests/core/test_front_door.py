"""The front door: `from linkhub_core import ...` gives every public name, and imports only what is asked for."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections import Counter
from importlib import import_module

import pytest

import linkhub_core

_ROOMS = ("errors", "model", "ports", "application", "wire.announcements", "wire.codec", "wire.cursor")


def _public(room: str) -> list[str]:
    names: list[str] = import_module(f"linkhub_core.{room}").__all__
    return names


@pytest.mark.parametrize("room", _ROOMS)
def test_every_public_name_of_a_room_is_at_the_front_door(room: str) -> None:
    """The name is the same object in both places."""
    module = import_module(f"linkhub_core.{room}")
    for name in _public(room):
        assert getattr(linkhub_core, name) is getattr(module, name)
        assert name in linkhub_core.__all__


def test_no_name_means_two_things() -> None:
    """No two rooms export the same name."""
    counts = Counter(name for room in _ROOMS for name in _public(room))
    assert [name for name, count in counts.items() if count > 1] == []
    assert sorted(counts) == linkhub_core.__all__


def test_an_unknown_name_is_an_import_error() -> None:
    """The error names the module and the name."""
    with pytest.raises(ImportError, match=r"cannot import name 'Nonsense' from 'linkhub_core'"):
        exec("from linkhub_core import Nonsense", {})  # noqa: S102  the statement is what is tested


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_a_name_imports_no_more_than_its_room() -> None:
    """An error costs no use case; nothing imports the test kit or its libraries."""
    assert not {name for name in _modules_after("import linkhub_core") if name.startswith("linkhub_core.")}
    assert "linkhub_core.application" not in _modules_after("from linkhub_core import ServiceUnavailable")
    assert not _modules_after("from linkhub_core import *") & {"pytest", "hypothesis", "linkhub_core.testing"}


@pytest.mark.parametrize("room", ["aws", "http", "memory", "observability", "realtime", "runtime", "sqlite"])
def test_the_root_of_a_room_exports_names_that_exist(room: str) -> None:
    """Each name of ``__all__`` is there."""
    module = import_module(f"linkhub_adapters.{room}")
    assert module.__all__
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("room", ["aws", "memory", "sqlite"])
def test_every_backend_opens_its_ports_in_the_same_way(room: str) -> None:
    """``open_ports`` of each room takes the clock and the settings of leases by the same names."""
    parameters = inspect.signature(import_module(f"linkhub_adapters.{room}").open_ports).parameters
    assert {"clock", "options"} <= parameters.keys()

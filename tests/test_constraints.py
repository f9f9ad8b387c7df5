"""constraints.txt: the versions that the tests run with, which set-up installs."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

_LINES = (Path(__file__).parents[1] / "constraints.txt").read_text(encoding="utf-8").splitlines()
_PINS = [line for line in _LINES if not line.startswith("#")]
_REMEDY = "run `make test` to install the pinned versions, or `make constraints` to pin the newest ones"


def _installed(name: str, extras: frozenset[str], seen: dict[NormalizedName, str]) -> dict[NormalizedName, str]:
    """The version of each package that ``name`` requires here, directly or not."""
    for text in distribution(name).requires or ():
        needed = Requirement(text)
        package = canonicalize_name(needed.name)
        if needed.marker and not any(needed.marker.evaluate({"extra": extra}) for extra in extras | {""}):
            continue
        if package not in seen or needed.extras:
            seen[package] = distribution(package).version
            _installed(package, frozenset(needed.extras), seen)
    return seen


def test_each_line_is_a_package_and_its_version() -> None:
    """No line names a place: an index is the choice of the machine."""
    assert [line for line in _PINS if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+]*", line)] == []


def test_the_tests_run_with_the_pinned_versions() -> None:
    """Each package that linkhub and its tools require is pinned to the installed version."""
    pinned = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in _PINS)}
    installed = _installed("linkhub-products", frozenset({"dev"}), {})
    del installed[canonicalize_name("pip")]  # the virtual environment brings it, and pip-audit requires it
    assert len(installed) > 100
    assert {name: version for name, version in installed.items() if pinned.get(name) != version} == {}, _REMEDY

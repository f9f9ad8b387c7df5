"""Each import contract of pyproject.toml can fail: a deliberate violation in a copy of the sources breaks it by name.

Rule: the violation follows from the contract itself, by its type (``_VIOLATIONS``), so a contract that is added to
pyproject.toml is covered at once; one of a type that is not in the table fails here until its violation is written.
"""

import fnmatch
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

_ROOT = Path(__file__).parents[1]
_CONTRACTS: list[dict[str, Any]] = tomllib.loads((_ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]


@attrs.frozen(kw_only=True)
class _Import:
    """One module imports another, which the contract forbids."""

    importer: str
    imported: str
    expected: str = attrs.field()

    @expected.default
    def _the_import(self) -> str:
        return f"{self.importer} -> {self.imported} "


@attrs.frozen(kw_only=True)
class _Tree:
    """A copy of the sources, to be spoilt."""

    home: Path

    @property
    def modules(self) -> list[str]:
        """All modules and packages, by their dotted names, parents first."""
        source = self.home / "src"
        files = (path.relative_to(source).with_suffix("") for path in source.rglob("*.py"))
        return sorted(".".join(path.parts).removesuffix(".__init__") for path in files)

    @property
    def packages(self) -> list[str]:
        """All packages, by their dotted names."""
        return [name for name in self.modules if self._path(name).is_dir()]

    def imports_of(self, name: str) -> set[str]:
        """The imports of a module, or of the modules of a package: the dotted names and all their parents."""
        path = self._path(name)
        files = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
        found = {
            module
            for file in files
            for module in re.findall(r"^ *from ([\w.]+) import", file.read_text(), re.MULTILINE)
        }
        return {
            ".".join(parts[: depth + 1])
            for module in found
            for parts in [module.split(".")]
            for depth in range(len(parts))
        }

    def matching(self, pattern: str) -> list[str]:
        """The modules that an import-linter expression means: ``*`` is one name, ``**`` any number of them."""
        depth = None if "**" in pattern else pattern.count(".")
        return [
            name
            for name in self.modules
            if fnmatch.fnmatchcase(name, pattern) and (depth is None or name.count(".") == depth)
        ]

    def add(self, violation: _Import) -> None:
        """Append the import to the importer's file."""
        path = self._path(violation.importer)
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        with file.open("a") as text:
            text.write(f"\nimport {violation.imported}\n")

    def add_package(self, name: str) -> None:
        """Add an empty package."""
        self._path(name).mkdir()
        (self._path(name) / "__init__.py").touch()

    def _path(self, name: str) -> Path:
        return self.home.joinpath("src", *name.split("."))

    def lint(self) -> tuple[int, str]:
        """Check the contracts; return the exit status and the report."""
        command = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
        result = subprocess.run(
            [sys.executable, "-c", command, "--no-cache"],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.home,
            env={**os.environ, "PYTHONPATH": os.fspath(self.home / "src"), "NO_COLOR": "1", "COLUMNS": "500"},
            timeout=120,
        )
        return result.returncode, result.stdout


@pytest.fixture
def tree(tmp_path: Path) -> _Tree:
    """A fresh copy of the sources and the contracts."""
    shutil.copytree(
        _ROOT / "src",
        tmp_path / "src",
        ignore=lambda directory, names: [
            name for name in names if not (name.endswith(".py") or Path(directory, name).is_dir())
        ],
    )
    shutil.copy(_ROOT / "pyproject.toml", tmp_path)
    return _Tree(home=tmp_path)


def _against_layers(contract: Mapping[str, Any], tree: _Tree) -> Iterator[_Import]:
    layers = [[name.strip(" ()") for name in str(layer).replace("|", ":").split(":")] for layer in contract["layers"]]
    container = f"{contract['containers'][0]}." if contract.get("containers") else ""
    present = [[container + name for name in layer if container + name in tree.modules] for layer in layers]
    filled = [layer for layer in present if layer]
    for upper, lower in itertools.pairwise(filled):
        yield _Import(importer=lower[0], imported=upper[0])


def _against_independence(contract: Mapping[str, Any], tree: _Tree) -> Iterator[_Import]:
    modules = [module for pattern in contract["modules"] for module in tree.matching(pattern)]
    for one, other in zip(modules, modules[1:] + modules[:1], strict=True):
        yield _Import(importer=one, imported=other)


def _against_forbidden(contract: Mapping[str, Any], tree: _Tree) -> Iterator[_Import]:
    sources = [module for pattern in contract["source_modules"] for module in tree.matching(pattern)]
    for forbidden in contract["forbidden_modules"]:
        # A module of our own may stand there as a pattern; a third party's is taken as it is.
        targets = tree.matching(forbidden) if forbidden.split(".")[0].startswith("linkhub") else [forbidden]
        for source in sources:
            for target in targets:
                yield _Import(importer=source, imported=target)


def _against_protected(contract: Mapping[str, Any], tree: _Tree) -> Iterator[_Import]:
    protected = [module for pattern in contract["protected_modules"] for module in tree.matching(pattern)]
    trusted = [*protected, *(m for pattern in contract["allowed_importers"] for m in tree.matching(pattern))]
    strangers = [module for module in tree.modules if not any(f"{module}.".startswith(f"{name}.") for name in trusted)]
    for module in protected:
        yield _Import(importer=strangers[-1], imported=module)


def _against_acyclic_siblings(contract: Mapping[str, Any], tree: _Tree) -> Iterator[_Import]:
    """In each package one module of those that another one imports imports that one."""
    for package in tree.packages:
        if not any(f"{package}.".startswith(f"{ancestor}.") for ancestor in contract["ancestors"]):
            continue
        siblings = tree.matching(f"{package}.*")
        pairs = itertools.permutations(siblings, 2)
        found = next(((one, other) for one, other in pairs if f"{other}" in tree.imports_of(one)), None)
        if found is not None:
            expected = f"No cycles are allowed in {package}."
            yield _Import(importer=found[1], imported=found[0], expected=expected)


_VIOLATIONS: dict[str, Callable[[Mapping[str, Any], _Tree], Iterator[_Import]]] = {
    "acyclic_siblings": _against_acyclic_siblings,
    "forbidden": _against_forbidden,
    "independence": _against_independence,
    "layers": _against_layers,
    "protected": _against_protected,
}


def test_the_sources_keep_every_contract(tree: _Tree) -> None:
    """The copy as it is passes, so that what fails below fails for its violation."""
    status, report = tree.lint()
    assert status == 0, report
    assert f"Contracts: {len(_CONTRACTS)} kept, 0 broken" in report


@pytest.mark.parametrize("contract", _CONTRACTS, ids=[contract["name"] for contract in _CONTRACTS])
def test_a_violation_breaks_the_contract_by_name(contract: Mapping[str, Any], tree: _Tree) -> None:
    """Everything that the contract rules out is added at once; each such import is reported under its name."""
    assert contract["type"] in _VIOLATIONS, f"write a violation for contracts of type {contract['type']}"
    violations = list(_VIOLATIONS[contract["type"]](contract, tree))
    assert violations, "the contract rules nothing out"
    for violation in violations:
        tree.add(violation)
    status, report = tree.lint()
    assert status == 1, report
    assert f"{contract['name']} BROKEN" in report
    _, _, findings = report.partition("Broken contracts")
    missing = [one for one in violations if one.expected not in findings]
    assert missing == [], findings


_EXHAUSTIVE = [contract for contract in _CONTRACTS if contract.get("exhaustive")]


def test_a_new_folder_must_be_placed(tree: _Tree) -> None:
    """A room that the layers do not name breaks their contract, in each container."""
    containers = [container for contract in _EXHAUSTIVE for container in contract["containers"]]
    for container in containers:
        tree.add_package(f"{container}.unplaced")
    status, report = tree.lint()
    assert status == 1, report
    assert [contract["name"] for contract in _EXHAUSTIVE if f"{contract['name']} BROKEN" not in report] == []
    assert report.count("unplaced") == len(containers), report


def test_each_room_with_folders_has_its_layers(tree: _Tree) -> None:
    """So a new folder is placed wherever folders are; the rooms of the adapters are independent, new ones too."""
    parents = {package.rpartition(".")[0] for package in tree.packages if package.count(".")}
    placed = {container for contract in _EXHAUSTIVE for container in contract["containers"]}
    assert parents - placed == {"linkhub_adapters", "linkhub_core.wire"}

"""A missing part skips on a person's machine and fails in CI."""

import pytest

from tests.support.requirement import Tool, is_ci, missing, require, require_module

_NO_SUCH_TOOL = Tool(names=("no-such-tool", "nor-this"), remedy="install it from nowhere")


@pytest.mark.parametrize(
    ("value", "expected"), [("true", True), ("1", True), ("", False), ("0", False), ("False", False)]
)
def test_ci_is_what_the_variable_says(value: str, expected: bool) -> None:
    """``CI`` counts unless it is nothing, 0 or false."""
    assert is_ci({"CI": value}) is expected


def test_without_the_variable_it_is_no_ci() -> None:
    """An environment without ``CI`` is a person's."""
    assert not is_ci({})


def test_a_person_sees_what_is_missing_and_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``CI`` a missing tool skips, and the reason names it and its remedy."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no-such-tool or nor-this .* install it from nowhere"):
        require(_NO_SUCH_TOOL)


def test_ci_fails_where_a_person_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``CI`` the same is a failure."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="may not be skipped"):
        missing("the registry is down")


def test_a_missing_package_is_treated_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python package for tests that is not installed skips by its name."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no_such_package"):
        require_module("no_such_package")


def test_what_is_there_is_found_under_its_second_name() -> None:
    """The first of a tool's names that is on the path is taken."""
    assert require(Tool(names=("no-such-tool", "sh"), remedy="")).name == "sh"

"""The destination of traces."""

from __future__ import annotations

from typing import Any

import pytest

from linkhub_cli.backends.memory import BACKEND
from linkhub_cli.settings import Settings, SettingsFaulty, load_settings
from linkhub_cli.wiring import tracing
from linkhub_cli.wiring.container import open_container
from linkhub_core.application import AssembleBatch


def _settings(**variables: str) -> Settings:
    return load_settings(environment={"LINKHUB_BACKEND": "memory", **variables}).settings


async def test_nothing_is_wrapped_when_traces_are_off() -> None:
    """The consumer calls the use case itself."""
    async with open_container(_settings()) as container:
        assert isinstance(container.consumer().assemble, AssembleBatch)


async def test_the_line_is_wrapped_when_they_are_on() -> None:
    """And the spans know the technology; opening sends nothing."""
    async with open_container(_settings(LINKHUB_TRACES="console")) as container:
        assert type(container.consumer().assemble).__name__ == "TracedAssembly"
        assert type(container.journal()).__name__ == "TracingJournal"


async def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a fault of the setting that asks for it."""

    def find_nothing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(tracing, "find_spec", find_nothing)
    with pytest.raises(SettingsFaulty, match=r"LINKHUB_TRACES.*pip install '.\[telemetry\]'"):
        async with tracing.open_tracing(_settings(LINKHUB_TRACES="otlp").logs, BACKEND):
            pytest.fail("opened without its packages")

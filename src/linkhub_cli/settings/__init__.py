"""The settings: their definition, their sources and their texts. The only room that reads the environment."""

from __future__ import annotations

from linkhub_cli.settings.definition import (
    Aws,
    Consuming,
    Listener,
    Logs,
    Realtime,
    Settings,
    Storage,
    load_settings,
)

__all__ = [
    "Aws",
    "Consuming",
    "Listener",
    "Logs",
    "Realtime",
    "Settings",
    "Storage",
    "load_settings",
]

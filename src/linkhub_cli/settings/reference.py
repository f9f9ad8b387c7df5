"""The settings as texts for people: the example file, the table of the docs, and the settings in force."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from linkhub_cli.settings import load_settings
from linkhub_cli.settings.setting import SettingFacts
from linkhub_cli.settings.sources import Effective

_HEADING = """\
# Every setting of linkhub, with its default: copy this file to .env and uncomment what you change.
# `linkhub config` shows what is in force and where each value came from. The environment wins over this file.
# Written by `linkhub config --env-example`; do not edit it by hand.
"""


def _sections() -> Iterable[tuple[str, Iterable[Effective]]]:
    return groupby(load_settings(environment={}).effective, key=lambda setting: setting.section)


def env_example() -> str:
    """The content of ``.env.example``."""
    blocks = [_HEADING]
    for section, settings in _sections():
        blocks.append(f"\n# --- {section} ---\n")
        blocks += [f"\n{_commented(setting.facts)}" for setting in settings]
    return "".join(blocks)


def _commented(facts: SettingFacts) -> str:
    parts = [
        facts.doc,
        f"In {facts.unit}." if facts.unit else "",
        f"Unset: {facts.when_unset}." if facts.when_unset else "",
    ]
    text = textwrap.fill(
        " ".join(filter(None, parts)), width=110, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
    return f"{text}\n# {facts.variable}={facts.shown(facts.default) or facts.example}\n"


def markdown() -> str:
    """The reference table of the docs: one table a section."""
    lines: list[str] = []
    for section, settings in _sections():
        lines += [f"### {section}", "", "| variable | default | unit | meaning |", "|---|---|---|---|"]
        lines += [_row(setting.facts) for setting in settings]
        lines.append("")
    return "\n".join(lines)


def _row(facts: SettingFacts) -> str:
    default = f"`{facts.shown(facts.default)}`" if facts.default is not None else facts.when_unset
    example = f" Example: `{facts.example}`." if facts.example else ""
    return f"| `{facts.variable}` | {default} | {facts.unit} | {facts.doc}{example} |"


def as_documents(effective: Iterable[Effective]) -> list[dict[str, Any]]:
    """The settings in force, ready for JSON; secrets are masked."""
    return [
        {
            "variable": setting.facts.variable,
            "value": setting.facts.shown(setting.value) if setting.value is not None else None,
            "source": setting.source,
            "default": setting.facts.shown(setting.facts.default) or None,
            "unit": setting.facts.unit or None,
            "doc": setting.facts.doc,
        }
        for setting in effective
    ]

"""The audit of operators' changes over HTTP: one line of the log for each change, each dry run and each failure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen
from structlog.typing import FilteringBoundLogger

from linkhub_adapters.http import OperatorAction

MOST_IDS_LOGGED = 100


@frozen
class ActionLog:
    """Writes actions to the log."""

    log: FilteringBoundLogger

    def __call__(self, action: OperatorAction) -> None:
        """Write the line."""
        line = self.log.warning if "problem" in action.facts else self.log.info
        line("operator_acted", action=action.action, address=action.address, **_facts(action.facts))


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Lists of dead letters as their number and the first of their ids."""
    shown = {name: value for name, value in facts.items() if not isinstance(value, list)}
    for name in ("chosen", "left", "missing"):
        ids = [one if isinstance(one, str) else one["letter_id"] for one in facts.get(name) or ()]
        if name in facts:
            shown[name] = len(ids)
        if ids:
            shown[f"{name}_ids"] = ids[:MOST_IDS_LOGGED]
    return shown

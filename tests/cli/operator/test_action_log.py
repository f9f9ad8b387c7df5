"""One line for each change by an operator: who, what, how many, and whether it was a dry run."""

from __future__ import annotations

from structlog.testing import capture_logs

from linkhub_adapters.http import OperatorAction
from linkhub_adapters.observability import get_logger
from linkhub_cli.operator.action_log import MOST_IDS_LOGGED, ActionLog


def test_a_change_of_dead_letters_is_counted_and_names_them() -> None:
    """The first hundred ids; the rest is only counted."""
    chosen = [f"{number}" for number in range(MOST_IDS_LOGGED + 1)]
    left = [{"letter_id": "x", "faults": [{"field": "price", "problem": "is odd"}]}]
    facts = {"dry_run": False, "done": True, "changed": 101, "chosen": chosen, "left": left, "missing": []}
    with capture_logs() as lines:
        ActionLog(get_logger("tests"))(OperatorAction(action="purge", address="203.0.113.7", facts=facts))
    assert lines == [
        {
            "log_level": "info",
            "part": "tests",
            "event": "operator_acted",
            "action": "purge",
            "address": "203.0.113.7",
            "dry_run": False,
            "done": True,
            "changed": 101,
            "chosen": 101,
            "chosen_ids": chosen[:-1],
            "left": 1,
            "left_ids": ["x"],
            "missing": 0,
        }
    ]


def test_a_failure_is_a_warning() -> None:
    """With its problem."""
    with capture_logs() as lines:
        ActionLog(get_logger("tests"))(OperatorAction(action="seen", address="::1", facts={"problem": "no disk"}))
    assert [(line["log_level"], line["problem"]) for line in lines] == [("warning", "no disk")]

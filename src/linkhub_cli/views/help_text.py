"""The texts of the help: examples, first steps, exit codes."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A command, and its effect."""

    command: str
    effect: str


def examples(*shown: Example, heading: str = "Examples:") -> str:
    """An epilog that shows ``shown``, one a line."""
    width = max(len(example.command) for example in shown)
    lines = [f"  {example.command:<{width}}  {example.effect}" for example in shown]
    return "\n".join(["\b", heading, *lines])  # click leaves a paragraph after \b as it is


FIRST_STEPS = examples(
    Example("linkhub demo", "a busy shop in your browser, with simulated workers"),
    Example("linkhub serve", "REST, realtime and pages on http://localhost:3002"),
    Example("linkhub publish events.jsonl", "puts events on the queues of the running server"),
    heading="The first three things to type:",
)

EXIT_CODES = """\b
Exit codes:
  0  done
  1  some of it failed; standard error says what
  2  a mistake in the command or in the configuration
  3  a service is unavailable: trying again later may help"""

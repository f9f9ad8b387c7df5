"""Refusals in the log: each once in a while, with the setting that would allow it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from attrs import define, field
from structlog.typing import FilteringBoundLogger

from linkhub_cli.wiring.access import MAX_REMEMBERED, REPEAT_SECONDS, RefusalLog
from linkhub_core.access import OPERATORS_ROUTE, AccessPolicy, RefusedCaller

POLICY = AccessPolicy(is_on_loopback=True, own_ports=(3002,))


@define
class NotedLog:
    """Keeps the lines."""

    lines: list[dict[str, Any]] = field(factory=list)

    def warning(self, event: str, **fields: Any) -> None:
        """Keep a line."""
        self.lines.append({"event": event, **fields})


@define
class Moment:
    """A monotonic clock that tests move."""

    now: float = 0.0

    def __call__(self) -> float:
        """The present, in seconds."""
        return self.now


def refused(*headers: tuple[str, str], asked_for: str = "websocket") -> RefusedCaller:
    caller = POLICY.examine("192.0.2.1", lambda name: [value for known, value in headers if known == name])
    return RefusedCaller(caller=caller, asked_for=asked_for)


def make() -> tuple[RefusalLog, NotedLog, Moment]:
    """A log of refusals, its lines and its clock."""
    noted, moment = NotedLog(), Moment()
    return RefusalLog(cast(FilteringBoundLogger, noted), moment), noted, moment


@pytest.mark.parametrize(
    ("refusal", "reason", "setting"),
    [
        (refused(("host", "localhost"), ("origin", "https://a.example")), "not_listed", "WEBSOCKET_CORS_ORIGINS"),
        (refused(("host", "a.example"), ("origin", "http://a.example")), "foreign_host", "LINKHUB_PUBLIC_URL"),
        (refused(("host", "a"), ("origin", "b"), ("origin", "c")), "several_origins", "no setting"),
        (refused(("host", "a.example"), asked_for=OPERATORS_ROUTE), "foreign_host", "LINKHUB_ADMIN_TOKEN"),
    ],
)
def test_a_refusal_names_the_setting_that_would_allow_it(refusal: RefusedCaller, reason: str, setting: str) -> None:
    """Beside the origin, the host and the address."""
    write, noted, _ = make()
    write(refusal)
    (line,) = noted.lines
    assert (line["event"], line["reason"], line["address"]) == ("refused", reason, "192.0.2.1")
    assert (line["origin"], line["host"]) == (refusal.caller.origin, refusal.caller.host)
    assert setting in line["remedy"]


def test_a_page_that_comes_back_is_logged_once_in_a_while() -> None:
    """It tries again every few seconds."""
    write, noted, moment = make()
    for moment.now in (0.0, 1.0, REPEAT_SECONDS - 1, REPEAT_SECONDS):
        write(refused(("host", "localhost"), ("origin", "https://a.example")))
    assert len(noted.lines) == 2


def test_made_up_origins_do_not_fill_the_log() -> None:
    """Neither by their number nor by their length."""
    write, noted, _ = make()
    for number in range(10 * MAX_REMEMBERED):
        write(refused(("host", "localhost"), ("origin", f"https://{number}.example/{'x' * 10_000}")))
    assert len(noted.lines) == MAX_REMEMBERED
    assert max(len(str(line)) for line in noted.lines) < 1_000

"""What this room needs from outside: callables and values of its own, handed over once.

The room knows no other room. Whatever counts connections, writes metrics or probes a queue comes in here as a function,
and whoever wires the process decides which.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.problems import FailedRequest
from linkhub_core.access import RefusedCaller
from linkhub_core.application import BrowseShop

__all__ = ["HealthServices", "HttpServices", "Probe"]


@frozen(kw_only=True)
class Probe:
    """One thing that ``/readyz`` looks at: ``check`` returns if it is well, and raises if not.

    The process is ready only if all that ``is_needed`` is well; what is not needed is reported.
    """

    name: str
    check: Callable[[], Awaitable[object]]
    is_needed: bool = True


@frozen(kw_only=True)
class HealthServices:
    """What the routes of a process that only works call, so that it can be watched.

    Args:
        probes: what ``/readyz`` asks, each under its own name.
        draining: whether the process is about to stop; ``/readyz`` then says no, before anything else closes.
        metrics: the Prometheus exposition and its media type.
        failed: told once of each request that ended in a 500 or 503. It must not raise.
        refused: called for each request whose origin or host is refused. It must not raise.
    """

    metrics: Callable[[], tuple[bytes, str]]
    failed: Callable[[FailedRequest], None]
    draining: Callable[[], bool]
    probes: Sequence[Probe] = field(default=())
    refused: Callable[[RefusedCaller], None] = field(default=lambda _: None)

    @probes.validator
    def _each_has_its_own_name(self, _: object, probes: Sequence[Probe]) -> None:
        if len({probe.name for probe in probes}) < len(probes):
            raise ValueError("two probes have the same name: one would hide the other")


@frozen(kw_only=True)
class HttpServices(HealthServices):
    """Everything that the routes of a server call.

    Args:
        browse: answers readers of a shop.
        pages: its first pages; by default none is kept.
        stats: the live connections, ready for JSON, with the fields of ``GET /api/v1/websocket/stats``.
        operator_status: what the operator's page draws, ready for JSON.
    """

    browse: BrowseShop
    pages: KeptPages = field()
    stats: Callable[[], Mapping[str, Any]]
    operator_status: Callable[[], Awaitable[Mapping[str, Any]]]

    @pages.default
    def _keep_none(self) -> KeptPages:
        return KeptPages(browse=self.browse)

"""Health of a process: ``/healthz`` (alive), ``/readyz`` (ready for requests), and the guard of ``/metrics``.

An orchestrator restarts a process that is not alive and sends requests only to a ready one. So liveness depends on
nothing else: a store that is down must not restart the process that waits for it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from attrs import asdict, frozen
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route

from linkhub_adapters.http.api import operator_routes as figures
from linkhub_adapters.http.api.responses import JsonResponse
from linkhub_adapters.http.server.operator_guard import RefuseChanges, RequireOwnHost, RequireToken
from linkhub_adapters.http.server.services import HealthServices, HttpSettings, Probe
from linkhub_core.errors import LinkhubError

_UNCACHED = {"cache-control": "no-store"}


def health_routes(services: HealthServices, settings: HttpSettings) -> list[Route]:
    """``/healthz`` and ``/readyz`` for all clients, ``/metrics`` for the operator."""
    return [
        Route("/healthz", is_alive),
        Route("/readyz", partial(is_ready, services, settings.probe_timeout_seconds)),
        Route("/metrics", partial(figures.show_metrics, services.metrics), middleware=for_admins(services, settings)),
    ]


def for_admins(services: HealthServices, settings: HttpSettings, *, only_reads: bool = False) -> list[Middleware]:
    """The guard of an operator's route: the admin token; without one the host, and no changes.

    A route that ``only_reads`` changes nothing, whatever its method is.
    """
    if settings.admin_token is not None:
        return [Middleware(RequireToken, token=settings.admin_token)]
    own_host = Middleware(RequireOwnHost, access=settings.access, refused=services.refused)
    return [own_host] if only_reads else [own_host, Middleware(RefuseChanges, setting=settings.changes_allowed_by)]


@frozen(kw_only=True)
class Check:
    """The result of a probe."""

    ok: bool
    problem: str | None = None


async def is_alive(_: Request) -> JsonResponse:
    """``GET /healthz``: any answer means alive."""
    return JsonResponse({"status": "ok"}, headers=_UNCACHED)


async def is_ready(services: HealthServices, probe_timeout_seconds: float, _: Request) -> JsonResponse:
    """``GET /readyz``: not ready while draining, or if a needed probe fails or is late. All probes run at once."""
    if services.draining():
        return _answer("draining", {})
    outcomes = await asyncio.gather(*(_ask(probe, probe_timeout_seconds) for probe in services.probes))
    checks = {probe.name: outcome for probe, outcome in zip(services.probes, outcomes, strict=True)}
    is_well = all(check.ok or not probe.is_needed for probe, check in zip(services.probes, outcomes, strict=True))
    return _answer("ready" if is_well else "unready", checks)


def _answer(status: str, checks: dict[str, Check]) -> JsonResponse:
    document: dict[str, Any] = {"status": status, "checks": {name: asdict(check) for name, check in checks.items()}}
    return JsonResponse(document, 200 if status == "ready" else 503, headers=_UNCACHED)


async def _ask(probe: Probe, timeout_seconds: float) -> Check:
    try:
        async with asyncio.timeout(timeout_seconds):
            await probe.check()
    except TimeoutError:
        return Check(ok=False, problem=f"no answer within {timeout_seconds:g} s")
    except LinkhubError as error:
        return Check(ok=False, problem=str(error))
    except Exception as error:  # noqa: BLE001  # any exception of a probe is its result
        # Every client may ask, so the text of a driver, with hosts and accounts, is left out.
        return Check(ok=False, problem=type(error).__name__)
    return Check(ok=True)

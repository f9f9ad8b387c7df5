"""Whether the process lives (``/healthz``), and whether it should be sent requests (``/readyz``).

An orchestrator restarts what is not alive and routes around what is not ready. So being alive asks nobody else: a store
that is down must not restart the process that waits for it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from attrs import asdict, frozen
from starlette.requests import Request

from linkhub_adapters.http.api.json_response import JsonResponse
from linkhub_adapters.http.server.services import HealthServices, Probe
from linkhub_core.errors import LinkhubError

__all__ = ["Check", "is_alive", "is_ready"]

_UNCACHED = {"cache-control": "no-store"}


@frozen(kw_only=True)
class Check:
    """What came of a probe."""

    ok: bool
    problem: str | None = None


async def is_alive(_: Request) -> JsonResponse:
    """``GET /healthz``: that it answers is the answer."""
    return JsonResponse({"status": "ok"}, headers=_UNCACHED)


async def is_ready(services: HealthServices, probe_timeout_seconds: float, _: Request) -> JsonResponse:
    """``GET /readyz``: no while draining; else whether every needed probe answers in time, all asked at once."""
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
    except Exception as error:  # noqa: BLE001  # whatever a probe raises is its finding
        # Anybody may ask, so what a driver says of hosts and accounts stays here.
        return Check(ok=False, problem=type(error).__name__)
    return Check(ok=True)

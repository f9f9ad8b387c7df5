"""A store that is observed: each call is timed, counted with its outcome, and reported to the trace before it begins.

One wrapper serves every port: it passes each call on by its name, so a method that is added to a port is observed, too.
Scans are passed on unobserved, because their duration is that of their reader.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any, TypeVar, cast

from attrs import define
from prometheus_client import Counter

from linkhub_adapters.observability.metrics import Metrics

S = TypeVar("S")

_STEPS = {"create": "save", "revise": "save", "stage": "stage"}


def _ignore(_: str) -> None:
    """No trace is kept."""


def observe_store(
    store: S,
    name: str,
    metrics: Metrics,
    begin_step: Callable[[str], None] = _ignore,
    seconds: Callable[[], float] = perf_counter,
) -> S:
    """Wrap a store; the result has the same methods.

    Args:
        store: an adapter of a port.
        name: the value of the metrics' label ``store``.
        metrics: where calls are counted.
        begin_step: called with ``save`` or ``stage`` before a call that writes.
        seconds: a monotonic clock.
    """
    return cast(S, _ObservedStore(store, name, metrics, begin_step, seconds))


@define(eq=False, slots=False)
class _ObservedStore:
    """Makes the observed form of a method when it is first used, and keeps it."""

    _store: object
    _name: str
    _metrics: Metrics
    _begin_step: Callable[[str], None]
    _seconds: Callable[[], float]

    def __getattr__(self, call: str) -> Any:
        method = getattr(self._store, call)
        if not iscoroutinefunction(method):
            return method
        observed = self._observed(call, method)
        setattr(self, call, observed)
        return observed

    def _observed(self, call: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        step = _STEPS.get(call)
        timed = self._metrics.store_call_seconds.labels(self._name, call)
        meters: dict[str, Counter] = {}

        async def observed(*arguments: Any, **options: Any) -> Any:
            if step is not None:
                self._begin_step(step)
            began, outcome = self._seconds(), "failed"
            try:
                answer = await method(*arguments, **options)
                outcome = "ok"
            finally:
                timed.observe(self._seconds() - began)
                if outcome not in meters:  # kept: finding a metric by its labels costs more than counting
                    meters[outcome] = self._metrics.store_calls.labels(self._name, call, outcome)
                meters[outcome].inc()
            return answer

        return observed

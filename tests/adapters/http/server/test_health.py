"""Alive and ready: two questions, and the second asks everybody at once."""

import asyncio

import pytest

from linkhub_adapters.http import HttpSettings, Probe
from linkhub_core.errors import ServiceUnavailable
from tests.adapters.http.http_fixture import BrokenProductStore, HttpFixture


async def answers() -> None:
    """A probe that is content."""


async def refuses() -> None:
    raise ServiceUnavailable("dynamodb", "throttled")


async def explodes() -> None:
    raise OSError("connect to 10.1.2.3 as admin failed")


async def test_alive() -> None:
    """Even when the store is down and the process drains: restarting it would not help."""
    fixture = HttpFixture(
        store=BrokenProductStore(error=OSError()), is_draining=True, probes=[Probe(name="x", check=refuses)]
    )
    async with fixture.client() as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"


async def test_ready_when_every_probe_answers() -> None:
    """Each is named."""
    probes = [Probe(name="products", check=answers), Probe(name="queues", check=answers)]
    async with HttpFixture(probes=probes).client() as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"products": {"ok": True, "problem": None}, "queues": {"ok": True, "problem": None}},
    }


async def test_ready_without_probes() -> None:
    """A process without checks is ready."""
    async with HttpFixture().client() as client:
        assert (await client.get("/readyz")).json() == {"status": "ready", "checks": {}}


async def test_one_probe_that_fails_makes_it_unready() -> None:
    """The others are still reported; hosts and accounts in a driver's error are not."""
    probes = [
        Probe(name="products", check=refuses),
        Probe(name="queues", check=answers),
        Probe(name="bus", check=explodes),
    ]
    fixture = HttpFixture(probes=probes)
    async with fixture.client() as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unready")
    assert answer.json()["checks"] == {
        "products": {"ok": False, "problem": "dynamodb is unavailable: throttled"},
        "queues": {"ok": True, "problem": None},
        "bus": {"ok": False, "problem": "OSError"},
    }
    assert fixture.failures == []


async def test_a_probe_that_hangs_is_given_up() -> None:
    """After the configured time, and it is cancelled."""
    was_cancelled = asyncio.Event()

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()

    settings = HttpSettings(probe_timeout_seconds=0.01)
    async with HttpFixture(settings=settings, probes=[Probe(name="slow", check=hangs)]).client() as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["slow"] == {"ok": False, "problem": "no answer within 0.01 s"}
    assert was_cancelled.is_set()


async def test_probes_run_at_once() -> None:
    """Each of two waits for the other: one after the other they would never end."""
    both = asyncio.Barrier(2)
    probes = [Probe(name=name, check=both.wait) for name in ("one", "two")]
    async with HttpFixture(probes=probes).client() as client:
        assert (await client.get("/readyz")).status_code == 200


async def test_draining_is_said_first() -> None:
    """While draining the answer is no, without a call of the probes."""
    asked: list[str] = []

    async def note() -> None:
        asked.append("asked")

    fixture = HttpFixture(probes=[Probe(name="products", check=note)])
    async with fixture.client() as client:
        assert (await client.get("/readyz")).status_code == 200
        fixture.is_draining = True
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "draining", "checks": {}})
    assert asked == ["asked"]


def test_two_probes_of_one_name_are_refused() -> None:
    """One would hide the other."""
    with pytest.raises(ValueError, match="same name"):
        HttpFixture(probes=[Probe(name="x", check=answers)] * 2).app()

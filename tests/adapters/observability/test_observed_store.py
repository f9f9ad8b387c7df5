"""An observed store answers as the store itself does, and each call is counted with its outcome and its time."""

from __future__ import annotations

import pytest

from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_adapters.observability import Metrics, observe_store
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.ports import Created, Dropped, Marked, Revised, Staged
from linkhub_core.testing.builders import a_record, a_revision, a_waiting
from linkhub_core.testing.readable import scanned
from linkhub_core.wire.codec import stored_product
from linkhub_core.wire.shop_query import PageQuery


def calls(metrics: Metrics, store: str, call: str, outcome: str) -> float | None:
    """How often a call was counted, or none when it never was."""
    labels = {"store": store, "call": call, "outcome": outcome}
    return metrics.registry.get_sample_value("linkhub_store_calls_total", labels)


async def test_an_observed_product_store_answers_as_the_store_does_and_counts() -> None:
    """Each call passes through with its answer, and is counted once as ok, with a time."""
    metrics, record = Metrics(), a_record()
    store = observe_store(MemoryProductStore(), "products", metrics)
    assert await store.create([record]) == [Created()]
    assert await store.find([record.key]) == {record.key: record}
    assert await store.read([record.key]) == {record.key: stored_product(record)}
    assert await store.revise([a_revision(a_record(revision=2))]) == [Revised()]
    assert await store.mark_announced([a_record(revision=2)]) == [Marked()]
    page = await store.page(PageQuery(seller_handle=record.key.seller_handle))
    assert [found.revision for found in page.products] == [2]
    assert [found.key for found in await scanned(store.scan())] == [record.key]
    for call in ("create", "find", "read", "revise", "mark_announced", "page"):
        assert calls(metrics, "products", call, "ok") == 1
        timed = {"store": "products", "call": call}
        assert metrics.registry.get_sample_value("linkhub_store_call_seconds_count", timed) == 1


async def test_an_observed_staging_store_answers_as_the_store_does_and_counts() -> None:
    """Each call passes through with its answer, and is counted once as ok."""
    metrics, waiting = Metrics(), a_waiting()
    store = observe_store(MemoryStagingStore(), "staging", metrics)
    assert await store.stage([waiting]) == [Staged()]
    assert await store.waiting([waiting.key]) == {waiting.key: waiting}
    assert [row async for row in store.scan()] == [waiting]
    assert await store.drop([waiting.half]) == [Dropped()]
    for call in ("stage", "waiting", "drop"):
        assert calls(metrics, "staging", call, "ok") == 1


class BrokenStore(MemoryProductStore):
    """A store that is away."""

    async def find(self, keys: object) -> dict[ProductKey, ProductRecord]:
        """Fail."""
        raise ServiceUnavailable("the store", "it is away")


async def test_a_failing_call_is_counted_as_failed_and_still_fails() -> None:
    """The error comes through unchanged, and the call counts as failed, not as ok."""
    metrics = Metrics()
    store = observe_store(BrokenStore(), "products", metrics)
    with pytest.raises(ServiceUnavailable, match="it is away"):
        await store.find([])
    assert calls(metrics, "products", "find", "failed") == 1
    assert calls(metrics, "products", "find", "ok") is None


async def test_a_write_is_a_step_of_the_trace() -> None:
    """Staging is one, and so are both writes of a product; reads are none."""
    steps: list[str] = []
    products = observe_store(MemoryProductStore(), "products", Metrics(), steps.append)
    staging = observe_store(MemoryStagingStore(), "staging", Metrics(), steps.append)
    await staging.stage([a_waiting()])
    await staging.waiting([])
    await products.create([a_record()])
    await products.find([])
    await products.revise([a_revision(a_record(revision=2))])
    assert steps == ["stage", "save", "save"]

"""The plain WebSocket: a conversation in frames of ``{"event", "data"}``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest
from attrs import evolve

from linkhub_core.application.subscriber_session import SessionLimits
from linkhub_core.testing.builders import NOON, a_key, a_record
from tests.adapters.realtime.realtime_fixture import (
    SELLER,
    SETTINGS,
    RealtimeFixture,
    an_announcement,
    open_realtime,
    read_event,
)


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room."""
    async with open_realtime() as opened:
        yield opened


async def test_the_whole_conversation(realtime: RealtimeFixture) -> None:
    """Greeting, subscription, status, an event, and the end of the subscription."""
    client = await realtime.connect()
    event, data = await read_event(client)
    assert event == "connected"
    assert data.keys() == {"message", "clientId", "timestamp"}
    asked = [
        ("subscribe_to_seller", {"seller_handle": SELLER}, "subscribed"),
        ("get_subscription_status", None, "subscription_status"),
        ("unsubscribe", {"seller_handle": SELLER}, "unsubscribed"),
    ]
    for name, wanted, answer in asked:
        await client.send(orjson.dumps({"event": name, "data": wanted}).decode())
        event, data = await read_event(client)
        assert event == answer
    await client.close()


async def test_what_was_missed_comes_with_since(realtime: RealtimeFixture) -> None:
    """Over a real connection: the answer, the replay, then live events."""
    realtime.store.save(a_record())
    client = await realtime.subscriber(since=NOON.replace(hour=1))
    assert [(await read_event(client))[0] for _ in range(2)] == ["subscribed", "new_product"]
    realtime.hub.broadcast(an_announcement())
    realtime.hub.broadcast(an_announcement(revision=2, shown=True))
    event, data = await read_event(client)
    assert (event, data["revision"]) == ("product_updated", 2)
    await client.close()


@pytest.mark.parametrize(
    "message",
    ["", "?", "[]", "{}", "null", '"event"', '{"event":7}', '{"event":null}', "[" * 2_000, '{"event":"a"}x', b"\x00"],
)
async def test_a_message_that_is_none_is_an_error_and_the_connection_goes_on(
    realtime: RealtimeFixture, message: str | bytes
) -> None:
    """It says what a message looks like; binary ones are nothing here."""
    client = await realtime.connect()
    await read_event(client)
    await client.send(message)
    event, data = await read_event(client)
    assert (event, data["code"]) == ("error", "invalid_message")
    assert '{"event"' in data["message"]
    await client.send('{"event":"get_subscription_status"}')
    assert (await read_event(client))[0] == "subscription_status"
    await client.close()


async def test_more_messages_than_allowed_are_errors_and_the_connection_goes_on() -> None:
    """A burst of subscriptions: those within the rate are accepted, the others get an error."""
    settings = evolve(SETTINGS, session=SessionLimits(messages_per_minute=30, max_subscriptions=20))
    async with open_realtime(settings) as realtime:
        client = await realtime.connect()
        await read_event(client)
        for number in range(40):
            await client.send(orjson.dumps({"event": "subscribe_to_seller", "data": {"seller_handle": f"s{number}"}}))
        for number in range(40):
            await client.send(
                orjson.dumps({"event": "subscribe_to_seller", "data": {"seller_handle": f"s{number}"}}).decode()
            )
        answers = [await read_event(client) for _ in range(80)]
        codes = [data.get("code", event) for event, data in answers]
        assert codes.count("invalid_message") == 30
        assert codes.count("rate_limited") == 50
        realtime.monotonic.now += 60
        for number in range(25):
            await client.send(
                orjson.dumps({"event": "subscribe_to_seller", "data": {"seller_handle": f"s{number}"}}).decode()
            )
        codes = [data.get("code", event) for event, data in [await read_event(client) for _ in range(25)]]
        assert codes == ["subscribed"] * 20 + ["too_many_subscriptions"] * 5
        assert realtime.hub.subscription_count == 20
        await client.close()


async def test_many_viewers_of_many_shops_get_what_is_theirs(realtime: RealtimeFixture) -> None:
    """Ten shops, thirty clients, each event to those who watch its shop."""
    clients = [await realtime.subscriber(f"shop-{number % 10}") for number in range(30)]
    for client in clients:
        assert (await read_event(client))[0] == "subscribed"
    for number in range(10):
        realtime.hub.broadcast(an_announcement(a_record(a_key(number, f"shop-{number}"))))
    for number, client in enumerate(clients):
        event, data = await read_event(client)
        assert (event, data["product"]["seller_handle"]) == ("new_product", f"shop-{number % 10}")
    assert realtime.hub.counters.deliveries == 30
    for client in clients:
        await client.close()

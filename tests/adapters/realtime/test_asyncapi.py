"""The description of the realtime interface is true: of what a server sends, and of what it takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft7Validator

from linkhub_core.application.subscriber_session import (
    GET_STATUS,
    SUBSCRIBE,
    UNSUBSCRIBE,
    ErrorCode,
    Join,
    SessionLimits,
)
from linkhub_core.application.subscriber_session import SubscriberSession as Session
from linkhub_core.testing.builders import NOON, a_record
from tests.adapters.realtime.described_clients import DOCUMENT, open_client
from tests.adapters.realtime.realtime_fixture import (
    PATIENCE_SECONDS,
    SELLER,
    SETTINGS,
    WITHDRAWN,
    an_announcement,
    http_client,
    open_realtime,
)
from tests.support.asyncapi import Listening
from tests.support.npm import NpmPackage, install

_SPECIFICATION = NpmPackage(name="@asyncapi/specs", version="6.11.1")
_PACE = 10
_LIMITS = SessionLimits(messages_per_minute=_PACE, max_subscriptions=1)
_MISTAKES: list[tuple[str, Any]] = [
    ("dance", {}),
    (SUBSCRIBE, "nalu-fashion"),
    (SUBSCRIBE, {"seller_handle": "a b"}),
    (SUBSCRIBE, {"seller_handle": SELLER, "since": "soon"}),
    (SUBSCRIBE, {"seller_handle": SELLER, "cursor": "soon"}),
    (SUBSCRIBE, {"seller_handle": "one-more"}),
]
_WAYS = pytest.mark.parametrize("way", ["plain", "socket.io websocket", "socket.io polling"])


@_WAYS
async def test_all_that_a_server_sends_is_described(way: str) -> None:
    """Every message of the document, every code of an error, and no field beside them, in each dialect."""
    async with open_realtime(evolve(SETTINGS, session=_LIMITS)) as realtime, open_client(realtime, way) as client:
        assert await client.hear() == "connected"
        await client.send(SUBSCRIBE, {"seller_handle": SELLER, "since": None})
        assert await client.hear() == "subscribed"
        record = a_record()
        realtime.hub.broadcast(an_announcement(record))
        realtime.hub.broadcast(an_announcement(record, revision=2, shown=True))
        realtime.hub.broadcast(an_announcement(record, revision=3, listing=WITHDRAWN))
        assert [await client.hear() for _ in range(3)] == ["new_product", "product_updated", "product_removed"]
        for event, data in _MISTAKES:
            await client.send(event, data)
            assert await client.hear() == "error"
        await client.send(GET_STATUS, None)
        assert await client.hear() == "subscription_status"
        await client.send(UNSUBSCRIBE, None)
        assert await client.hear() == "unsubscribed"
        for _ in range(_PACE):
            await client.send_binary()
            assert await client.hear() == "error"
        assert client.listening.heard == client.listening.sent_by_the_server
        assert client.listening.codes == set(ErrorCode)


@_WAYS
async def test_all_that_is_described_is_taken(way: str) -> None:
    """Each example of a message that clients send is answered as its operation says, and not by an error."""
    async with open_realtime() as realtime, open_client(realtime, way) as client:
        assert await client.hear() == "connected"
        examples = client.listening.sent_by_clients
        assert examples.keys() == {SUBSCRIBE, UNSUBSCRIBE, GET_STATUS}
        for event, payloads in examples.items():
            assert payloads
            for payload in payloads:
                assert client.listening.faults(event, payload) == []
                await client.send_example(event, payload)
                assert await client.hear() == _answer_to(event, client.listening)


def _answer_to(event: str, listening: Listening) -> str:
    """What the document names first as the reply."""
    reply = DOCUMENT["operations"][f"{listening.channel}.{event}"]["reply"]
    answer: str = reply["messages"][0]["$ref"].rsplit("/", 1)[-1]
    return answer


async def test_event_streams_are_described() -> None:
    """Every message, whether replayed or live; the id of a record is its cursor."""
    listening = Listening(DOCUMENT, "eventStream")
    path = DOCUMENT["channels"]["eventStream"]["address"].replace("{handle}", SELLER)
    async with open_realtime() as realtime, http_client(realtime) as http:
        cursor = realtime.store.cursor()
        realtime.store.save(a_record())
        async with http.stream("GET", path, params={"cursor": cursor}) as response, asyncio.timeout(PATIENCE_SECONDS):
            lines = response.aiter_lines()
            for _ in range(3):
                _take_record(listening, await _record(lines))
            realtime.hub.broadcast(an_announcement(revision=2, shown=True, cursor=cursor))
            realtime.hub.broadcast(an_announcement(revision=3, listing=WITHDRAWN, cursor=cursor))
            for _ in range(2):
                _take_record(listening, await _record(lines))
    assert listening.heard == listening.sent_by_the_server == set(listening.messages)


async def _record(lines: AsyncIterator[str]) -> dict[str, str]:
    fields = {}
    async for line in lines:
        if not line:
            break
        name, _, value = line.partition(": ")
        fields[name] = value
    return fields


def _take_record(listening: Listening, record: dict[str, str]) -> None:
    data = orjson.loads(record["data"])
    listening.take(record["event"], data)
    assert record.get("id") == data.get("cursor")


_SUBSCRIPTION = DOCUMENT["components"]["schemas"]["SubscribeToSeller"]["properties"]
_HANDLES = st.from_regex(_SUBSCRIPTION["seller_handle"]["pattern"].strip("^$"), fullmatch=True)
_OFFSETS = st.integers(-1_439, 1_439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31), timezones=_OFFSETS)  # noqa: DTZ001  offsets follow


@settings(max_examples=50)
@given(handle=_HANDLES, moment=_MOMENTS, fraction=st.from_regex(r"\.[0-9]+", fullmatch=True) | st.just(""))
def test_what_the_schema_of_a_subscription_allows_is_taken(handle: str, moment: datetime, fraction: str) -> None:
    """Any handle of the pattern, any date and time of RFC 3339 that the schema lets through."""
    text = moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    data = {"seller_handle": handle, "since": f"{text[:19]}{fraction}{text[19:]}"}
    assert Listening(DOCUMENT, "socketIo").faults(SUBSCRIBE, data) == []
    [outcome] = Session(client_id="x", limits=SessionLimits()).receive(SUBSCRIBE, data, monotonic=0.0, now=NOON)
    assert isinstance(outcome, Join)


@pytest.mark.parametrize("since", ["2026-01-15t12:00:00z", "2026-12-31T23:59:60Z", "9999-12-31T23:59:59-14:00"])
def test_what_is_no_moment_to_the_server_is_none_to_the_schema(since: str) -> None:
    """What RFC 3339 allows and Python's calendar does not."""
    data = {"seller_handle": SELLER, "since": since}
    assert Listening(DOCUMENT, "socketIo").faults(SUBSCRIBE, data)
    [outcome] = Session(client_id="x", limits=SessionLimits()).receive(SUBSCRIBE, data, monotonic=0.0, now=NOON)
    assert not isinstance(outcome, Join)


def test_every_code_of_an_error_is_described() -> None:
    """No more, no less."""
    assert DOCUMENT["components"]["schemas"]["Error"]["properties"]["code"]["enum"] == list(ErrorCode)


def test_every_reference_leads_somewhere() -> None:
    """Within this document; each component is referred to, and an operation's messages are its channel's."""
    referred = set(_references(DOCUMENT))
    for reference in referred:
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    assert referred >= {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    for operation in DOCUMENT["operations"].values():
        for message in operation["messages"] + operation.get("reply", {}).get("messages", []):
            assert message["$ref"].startswith(f"{operation['channel']['$ref']}/messages/")


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            assert value.keys() == {"$ref"}  # in draft 7, keywords beside it are ignored
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


@pytest.mark.node
def test_the_document_is_of_asyncapi_3() -> None:
    """By the specification's own schema, which can say no."""
    schema = json.loads((install(_SPECIFICATION) / "schemas" / "3.0.0.json").read_text("utf-8"))
    validator = Draft7Validator(schema)
    assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(DOCUMENT)] == []
    assert not validator.is_valid(DOCUMENT | {"channels": {"webSocket": {"adress": "/products"}}})


def test_the_validator_can_say_no() -> None:
    """The tests above would fail: a field too many at any depth, one too few, a code that is not known."""
    listening = Listening(DOCUMENT, "socketIo")
    event = orjson.loads(an_announcement().event_json)
    assert listening.faults("new_product", event) == []
    event["product"]["thumbnails"][0]["secret"] = 1
    assert listening.faults("new_product", event)
    error: dict[str, Any] = {"code": "invalid_data", "message": "?", "timestamp": "2026-01-15T12:00:00.000Z"}
    assert listening.faults("error", error) == []
    changes: list[dict[str, Any]] = [{"code": "oops"}, {"timestamp": "now"}, {"more": 1}]
    assert all(listening.faults("error", error | change) for change in changes)
    assert listening.faults("subscribe_to_seller_ack", {"seller_handle": SELLER})
    assert Listening(DOCUMENT, "webSocket").faults("error", {"event": "error", "data": error, "more": 1})

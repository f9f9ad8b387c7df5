"""The description of the realtime room's routes matches real answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import orjson
import pytest
from jsonschema_rs import Draft202012Validator

from linkhub_adapters.http.api import openapi
from linkhub_adapters.realtime import asyncapi
from tests.cli.server_fixture import a_server

_DOCUMENT = openapi.describe(asyncapi.openapi_paths())
_EVENTS = "/api/v1/shop/nalu/events"
_POLL = "/socket.io/?EIO=4&transport=polling"
_STRANGER = {"origin": "https://stranger.example"}


def _described(answer: httpx2.Response, path: str) -> Any:
    """The response of the document that this answer is, its body held against the schema; fails if there is none."""
    method = "get" if answer.request.method == "HEAD" else answer.request.method.lower()
    response = _resolved(_DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)])
    media_type = answer.headers["content-type"].partition(";")[0]
    schema = response["content"][media_type]["schema"]
    if media_type.endswith("json"):
        whole = {"allOf": [schema], "components": _DOCUMENT["components"]}
        Draft202012Validator(whole, validate_formats=True).validate(answer.json())
    assert answer.headers.keys() >= {name.lower() for name in response.get("headers", {})}
    return response


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = _DOCUMENT
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    resolved: dict[str, Any] = found
    return resolved


async def test_every_answer_of_polling_is_described() -> None:
    """Each status, its media type and its body."""
    seen: set[tuple[str, int]] = set()
    environment = {"LINKHUB_MAX_CONNECTIONS_PER_ADDRESS": "1", "LINKHUB_MAX_POLLING_PAYLOAD_BYTES": "1024"}
    async with a_server(None, **environment) as (container, client):

        async def ask(method: str, address: str, **options: Any) -> httpx2.Response:
            answer = await client.request(method, address, **options)
            _described(answer, "/socket.io/")
            seen.add((method, answer.status_code))
            return answer

        opened = await ask("GET", _POLL)
        session = f"{_POLL}&sid={orjson.loads(opened.text[1:])['sid']}"
        await ask("GET", _POLL)
        await ask("GET", "/socket.io/")
        await ask("GET", _POLL, headers=_STRANGER)
        await ask("POST", _POLL, headers=_STRANGER)
        await ask("POST", session, content="40/products,")
        await ask("POST", session, content="4" * 2_000)
        await ask("POST", session)
        await container.socketio().close()
        await ask("GET", _POLL)
    assert seen | {("GET", 500), ("POST", 500)} == {
        (method.upper(), int(status))
        for method, operation in _DOCUMENT["paths"]["/socket.io/"].items()
        for status in operation["responses"]
    }


async def test_every_answer_of_an_event_stream_is_described() -> None:
    """Each status, its media type and its body."""
    seen: set[int] = set()
    async with a_server(LINKHUB_MAX_CONNECTIONS_PER_ADDRESS="1") as (container, client):

        async def ask(address: str, method: str = "GET", **options: Any) -> None:
            answer = await client.request(method, address, **options)
            _described(answer, "/api/v1/shop/{handle}/events")
            seen.add(answer.status_code)

        await ask(_EVENTS, "HEAD")
        await ask(f"{_EVENTS}?since=soon")
        await ask(_EVENTS, headers=_STRANGER)
        stream = container.streams().open("127.0.0.1")
        await ask(_EVENTS)
        container.streams().remove(stream)
        await container.streams().close()
        await ask(_EVENTS)
    responses = _DOCUMENT["paths"]["/api/v1/shop/{handle}/events"]["get"]["responses"]
    assert seen | {500} == {int(status) for status in responses}


async def test_asyncapi_is_served() -> None:
    """As JSON, with a tag."""
    async with a_server() as (_, client):
        answer = await client.get("/asyncapi.json")
        assert answer.json() == asyncapi.describe()
        assert "ETag" in _described(answer, "/asyncapi.json")["headers"]
        again = await client.get("/asyncapi.json", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert (await client.get("/openapi.json")).json() == _DOCUMENT


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in _DOCUMENT["paths"].items():
        for operation in item.values():
            yield path, operation


def test_operations_have_names_tags_and_parameters() -> None:
    """Each name once, each tag explained and used, each placeholder a required parameter, each reference resolved."""
    names = [operation["operationId"] for _, operation in _operations()]
    assert len(set(names)) == len(names)
    assert {tag for _, operation in _operations() for tag in operation["tags"]} == {
        tag["name"] for tag in _DOCUMENT["tags"]
    }
    for path, operation in _operations():
        parameters = [_resolved(parameter) for parameter in operation.get("parameters", [])]
        in_path = {entry["name"] for entry in parameters if entry["in"] == "path" and entry["required"]}
        assert in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert all(_resolved(response)["description"] for response in operation["responses"].values())


@pytest.mark.parametrize("path", ["/api/v1/shop/{handle}/events", "/socket.io/", "/asyncapi.json"])
def test_routes_of_other_rooms_are_not_the_http_rooms(path: str) -> None:
    """Without them, neither they nor their tag are in its document."""
    document = openapi.describe()
    assert path not in document["paths"]
    assert "Realtime" not in {tag["name"] for tag in document["tags"]}

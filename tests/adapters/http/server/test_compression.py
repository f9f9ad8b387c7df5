"""Answers that are made for one request are compressed as well, and none is when compression is off."""

import gzip
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from linkhub_adapters.http import HttpSettings
from tests.adapters.http.http_fixture import PRODUCTS, HttpFixture

LONG = "long text " * 200
GZIP = {"accept-encoding": "gzip"}


async def _text(_: Request) -> Response:
    return Response(LONG, media_type="text/plain", headers={"vary": "Origin"})


async def _large(_: Request) -> Response:
    return Response(LONG * 100, media_type="application/json")


async def _small(_: Request) -> Response:
    return Response("ok", media_type="text/plain")


async def _image(_: Request) -> Response:
    return Response(LONG, media_type="image/png")


async def _empty(_: Request) -> Response:
    return Response(status_code=204)


async def _stream(_: Request) -> Response:
    async def pieces() -> Any:
        yield LONG
        yield LONG

    return StreamingResponse(pieces(), media_type="text/plain")


async def _tagged(_: Request) -> Response:
    return Response(LONG, media_type="text/plain", headers={"etag": '"1"'})


def fixture_of(*, compression: bool = True) -> HttpFixture:
    routes = [
        Route(f"/{answer.__name__[1:]}", answer) for answer in (_text, _large, _small, _image, _empty, _stream, _tagged)
    ]
    return HttpFixture(extra_routes=routes, settings=HttpSettings(compression=compression))


@pytest.mark.parametrize("address", ["/text", "/large"])
async def test_an_answer_of_known_length_is_compressed(address: str) -> None:
    """With its own length, and a ``Vary`` beside the one it had; as it is for a client that accepts nothing."""
    async with fixture_of().client() as client:
        packed = await client.get(address, headers=GZIP)
        plain = await client.get(address, headers={"accept-encoding": ""})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) == len(plain.content)
    for answer in (packed, plain):
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert "origin" in answer.headers["vary"].lower()


async def test_a_problem_is_compressed_like_any_answer() -> None:
    """For a client that takes nothing else, however small it is."""
    async with fixture_of().client() as client:
        problem = await client.get("/nothing", headers={"accept-encoding": "gzip, identity;q=0"})
    assert (problem.status_code, problem.headers["content-encoding"]) == (404, "gzip")
    assert problem.json()["status"] == 404


@pytest.mark.parametrize("address", ["/small", "/image", "/empty", "/stream", "/tagged"])
async def test_others_are_sent_as_they_are(address: str) -> None:
    """Small ones, images, none at all, streams, and answers that have a tag and so compress themselves."""
    async with fixture_of().client() as client:
        answer = await client.get(address, headers=GZIP)
        assert "content-encoding" not in answer.headers
        assert answer.headers.items() == (await client.get(address, headers={"accept-encoding": ""})).headers.items()


@pytest.mark.parametrize("address", ["/text", PRODUCTS, "/", "/shop/nalu-fashion", "/assets/theme.css", "/api/docs"])
async def test_nothing_is_compressed_when_it_is_off(address: str) -> None:
    """Whatever the client accepts."""
    async with fixture_of(compression=False).client() as client:
        answer = await client.get(address, headers={"accept-encoding": "gzip, zstd, *"})
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert not answer.headers.get("etag", "").endswith('-gzip"')


async def test_the_bytes_are_gzip() -> None:
    """As another decoder reads them."""
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    headers: Sequence[tuple[bytes, bytes]] = [(b"accept-encoding", b"deflate"), (b"accept-encoding", b"gzip;q=0.5")]
    scope = {"type": "http", "method": "GET", "path": "/text", "query_string": b"", "headers": headers}
    await fixture_of().app()(scope, receive, send)
    assert gzip.decompress(b"".join(sent)).decode() == LONG

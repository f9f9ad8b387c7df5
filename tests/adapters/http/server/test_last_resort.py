"""An unexpected error: one 500 without details, logged once, and the server goes on."""

import pytest

from linkhub_core.errors import MalformedEvent
from tests.adapters.http.failing_routes import ROUTES, Boom
from tests.adapters.http.http_fixture import PRODUCTS, BrokenProductStore, HttpFixture


async def test_the_unforeseen_is_a_500_without_details() -> None:
    """The client learns nothing of it; nothing is raised on to the server."""
    fixture = HttpFixture(extra_routes=ROUTES)
    async with fixture.client() as client:
        answer = await client.post("/boom")
    assert answer.status_code == answer.json()["status"] == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text
    assert "Boom" not in answer.text


async def test_it_is_logged_once() -> None:
    """With the method, the path and the error itself."""
    fixture = HttpFixture(extra_routes=ROUTES)
    async with fixture.client() as client:
        await client.post("/boom?x=1")
    (failure,) = fixture.failures
    assert (failure.method, failure.path, failure.status) == ("POST", "/boom", 500)
    assert isinstance(failure.error, Boom)


@pytest.mark.parametrize(
    "error", [Boom("no"), MalformedEvent([]), TimeoutError(), MemoryError(), ExceptionGroup("", [Boom()])]
)
async def test_a_store_may_raise_anything(error: Exception) -> None:
    """An error that is not transient is a 500."""
    fixture = HttpFixture(store=BrokenProductStore(error=error))
    async with fixture.client() as client:
        assert (await client.get(PRODUCTS)).status_code == 500
    assert [failure.error for failure in fixture.failures] == [error]


async def test_the_next_request_is_answered() -> None:
    """A failure leaves nothing behind."""
    async with HttpFixture(extra_routes=ROUTES).client() as client:
        await client.get("/boom")
        assert (await client.get(PRODUCTS)).status_code == 200


async def test_a_client_that_left_is_no_failure() -> None:
    """There is no answer and no log line."""
    fixture = HttpFixture(extra_routes=ROUTES)
    sent: list[object] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/leave", "query_string": b"", "headers": [], "root_path": ""}
    await fixture.app()(scope, receive, send)
    assert (sent, fixture.failures) == ([], [])


async def test_half_an_answer_is_cut_off() -> None:
    """When the answer has begun the error goes on to the server, which alone can close the connection."""
    fixture = HttpFixture(extra_routes=ROUTES)
    async with fixture.client() as client:
        with pytest.raises(Boom):
            await client.get("/half")
    assert len(fixture.failures) == 1

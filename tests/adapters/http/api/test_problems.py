"""Every error is a problem document, and none contains internal details."""

from http import HTTPStatus

import pytest
from httpx2 import AsyncClient

from linkhub_adapters.http.api.problems import KINDS, problem
from linkhub_core.errors import ServiceUnavailable, TooMuchContention
from tests.adapters.http.failing_routes import ROUTES
from tests.adapters.http.http_fixture import PRODUCTS, BrokenProductStore, HttpFixture

FIELDS = {"type", "title", "status", "detail", "instance"}


@pytest.mark.parametrize(
    "address",
    [
        "/nothing",
        "/api/v1/shop",
        "/api/v1/shop/x/products/1/2",
        "/api/v2/shop/x/products",
        "/%00",
        "/%FF",
        "/a" * 20_000,
    ],
)
async def test_an_unknown_address_is_a_404_problem(client: AsyncClient, address: str) -> None:
    """With all fields, for any text in the address."""
    answer = await client.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == FIELDS
    assert (body["type"], body["title"], body["status"]) == ("about:blank", "Not Found", 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_another_method_is_a_405_that_names_those_allowed(client: AsyncClient, method: str) -> None:
    """In ``Allow``, always in the same order."""
    answer = await client.request(method, PRODUCTS)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert set(answer.json()) == FIELDS
    assert answer.json()["title"] == "Method Not Allowed"


async def test_the_parameter_at_fault_is_named(client: AsyncClient) -> None:
    """In a field of its own, and the detail says what is wrong with it."""
    body = (await client.get(f"{PRODUCTS}?limit=99")).json()
    assert body == {
        "type": "/api/docs#invalid-parameter",
        "title": "Invalid parameter",
        "status": 400,
        "detail": "`limit` must be a whole number from 1 to 50.",
        "instance": PRODUCTS,
        "parameter": "limit",
    }


@pytest.mark.parametrize(("status", "title"), [(409, "Conflict"), (413, HTTPStatus(413).phrase), (499, "Error")])
async def test_what_a_route_refuses_is_a_problem(status: int, title: str) -> None:
    """Also of another room's route: its status and headers stay, its words become the detail."""
    async with HttpFixture(extra_routes=ROUTES).client() as client:
        answer = await client.get(f"/refuse/{status}?detail=too+much+of+it")
    assert answer.status_code == answer.json()["status"] == status
    assert (answer.json()["title"], answer.json()["detail"]) == (title, "too much of it")
    assert answer.headers["x-reason"] == "asked"


async def test_a_bare_refusal_still_says_something() -> None:
    """If a route gives no detail, the problem has a default one."""
    async with HttpFixture(extra_routes=ROUTES).client() as client:
        assert (await client.get("/refuse/413")).json()["detail"] == "The body is larger than this address takes."


@pytest.mark.parametrize("error", [ServiceUnavailable("sqlite", "locked"), TooMuchContention(5)])
async def test_whatever_may_pass_is_a_503(error: Exception) -> None:
    """Every transient error, with the configured time to wait."""
    async with HttpFixture(store=BrokenProductStore(error=error)).client() as client:
        answer = await client.get(PRODUCTS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_problems_are_not_kept(client: AsyncClient) -> None:
    """A cache must not answer with yesterday's error."""
    for address in ("/nothing", f"{PRODUCTS}?limit=0"):
        assert (await client.get(address)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/a b", "/é", '/"', "/\ud800", "/\0", "/<script>", "/a?b#c", "//evil.example/", ""])
def test_the_instance_is_a_uri(path: str) -> None:
    """For any path, ``instance`` holds only characters that a URI may hold."""
    body = bytes(problem({"path": path}, 404, "no").body).decode()
    instance = body.split('"instance":"')[1].removesuffix('"}')
    assert instance.startswith("/")
    assert not instance.startswith("//")
    assert instance.isascii()
    assert not set(instance) & set(' "<>?#\\\0')


async def test_each_type_leads_to_its_explanation(client: AsyncClient) -> None:
    """The address of a type is an anchor on the documentation's page."""
    page = (await client.get("/api/docs")).text
    for kind in KINDS:
        address, anchor = kind.type.split("#")
        assert address == "/api/docs"
        assert f'id="{anchor}"' in page

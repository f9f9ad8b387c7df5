"""CORS by an allowlist: who is on it may read, who is not learns nothing from us."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient, Response

from linkhub_adapters.http import HttpSettings
from tests.adapters.http.failing import ROUTES
from tests.adapters.http.shop import PRODUCTS, Listener

SHOP, OWN = "https://shop.example", "http://localhost:3002"
SETTINGS = HttpSettings(cors_origins=[SHOP], own_origins=[OWN])
STRANGERS = [
    "https://evil.example",
    "https://shop.example.evil.example",
    "https://evil-shop.example",
    "http://shop.example",
    "https://shop.example:8443",
    "https://SHOP.example",
    "null",
    "",
    "*",
]


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    """A client of a listener with an allowlist."""
    async with Listener(settings=SETTINGS, extra_routes=ROUTES).client() as client:
        yield client


async def preflight(client: AsyncClient, origin: str, method: str = "GET", headers: str | None = None) -> Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return await client.options(
        PRODUCTS, headers=asked | ({} if headers is None else {"Access-Control-Request-Headers": headers})
    )


@pytest.mark.parametrize("origin", [SHOP, OWN])
@pytest.mark.parametrize("address", [PRODUCTS, "/nothing", "/boom", f"{PRODUCTS}?limit=0"])
async def test_who_is_on_the_list_may_read_any_answer(client: AsyncClient, origin: str, address: str) -> None:
    """Errors too, so that the page can show them; and it may see the entity tag."""
    answer = await client.get(address, headers={"Origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_304_may_be_read_too(client: AsyncClient) -> None:
    """A browser checks the headers of the 304, not those of the answer that it kept."""
    answer = await client.get(PRODUCTS, headers={"Origin": SHOP, "If-None-Match": "*"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (304, SHOP)


@pytest.mark.parametrize("origin", STRANGERS)
async def test_a_stranger_gets_no_permission(client: AsyncClient, origin: str) -> None:
    """The answer is the same, but no browser shows it to that page."""
    answer = await client.get(PRODUCTS, headers={"Origin": origin})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("headers", [None, "if-none-match", "Authorization", "authorization, if-none-match"])
async def test_a_preflight_is_allowed(client: AsyncClient, headers: str | None) -> None:
    """For reading, with a tag and a token."""
    answer = await preflight(client, SHOP, headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SHOP)
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("origin", STRANGERS)
async def test_a_strangers_preflight_is_refused(client: AsyncClient, origin: str) -> None:
    """As a problem, without a permission."""
    answer = await preflight(client, origin)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert "origin" in answer.json()["detail"]
    assert "access-control-allow-origin" not in answer.headers


async def test_a_preflight_for_too_much_is_refused(client: AsyncClient) -> None:
    """Writing, or headers that nobody here reads."""
    assert (await preflight(client, SHOP, method="DELETE")).status_code == 400
    assert (await preflight(client, SHOP, headers="X-Anything")).status_code == 400


async def test_a_star_means_all() -> None:
    """Anybody's page may read, and no origin is echoed."""
    async with Listener(settings=HttpSettings(cors_origins=["*"], own_origins=[OWN])).client() as client:
        answer = await client.get(PRODUCTS, headers={"Origin": "https://anybody.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert (await preflight(client, "https://anybody.example")).status_code == 200


async def test_further_methods_can_be_allowed() -> None:
    """Routes of other rooms may take more than GET."""
    settings = HttpSettings(cors_origins=[SHOP], cors_methods=["GET", "POST"])
    async with Listener(settings=settings).client() as client:
        assert (await preflight(client, SHOP, method="POST")).status_code == 200


async def test_without_an_origin_nothing_is_said(client: AsyncClient) -> None:
    """A request that no page sent needs no permission."""
    answer = await client.get(PRODUCTS)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("http://localhost:5173", True),
        ("http://localhost", True),
        ("https://localhost:5173", False),
        ("http://localhost:5173.evil.example", False),
        ("http://localhost.evil.example:80", False),
        ("http://localhost:", False),
    ],
)
async def test_any_port_of_a_host(origin: str, is_allowed: bool) -> None:
    """An entry with ``:*`` for its port allows that scheme and host, whatever the port, and nobody else."""
    settings = HttpSettings(cors_origins=["http://localhost:*"])
    async with Listener(settings=settings).client() as client:
        answer = await client.get(PRODUCTS, headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == (origin if is_allowed else None)
        assert ((await preflight(client, origin)).status_code == 200) is is_allowed

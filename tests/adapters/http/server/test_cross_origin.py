"""CORS by an allowlist: who is on it may read, who is not learns nothing from us."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient, Response

from linkhub_adapters.http import HttpSettings
from linkhub_core.access import AccessPolicy, TrustedProxies
from tests.adapters.http.failing_routes import ROUTES
from tests.adapters.http.http_fixture import PRODUCTS, HttpFixture

SHOP, OWN = "https://shop.example", "http://localhost:3002"
SETTINGS = HttpSettings(access=AccessPolicy(origins=[SHOP], own_ports=(3002,)))
STRANGERS = [
    "https://evil.example",
    "https://shop.example.evil.example",
    "https://evil-shop.example",
    "http://shop.example",
    "https://shop.example:8443",
    "null",
    "",
    "*",
]


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    """A client of a listener with an allowlist."""
    async with HttpFixture(settings=SETTINGS, extra_routes=ROUTES).client() as client:
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
    assert answer.headers["access-control-allow-credentials"] == "true"


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


@pytest.mark.parametrize(
    "headers", [None, "if-none-match", "Authorization", "cache-control,x-requested-with", "x-request-id, x-anything"]
)
async def test_a_preflight_is_allowed(client: AsyncClient, headers: str | None) -> None:
    """For reading, with credentials, and with the headers that the page asks for."""
    answer = await preflight(client, SHOP, headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SHOP)
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers.get("access-control-allow-headers") == headers
    assert "access-control-request-headers" in answer.headers["vary"].lower()


async def test_what_is_no_list_of_headers_is_not_repeated(client: AsyncClient) -> None:
    """The preflight is answered all the same."""
    answer = await preflight(client, SHOP, headers="x-a; x-b")
    assert answer.status_code == 200
    assert "access-control-allow-headers" not in answer.headers


@pytest.mark.parametrize("origin", STRANGERS)
async def test_a_strangers_preflight_is_refused(client: AsyncClient, origin: str) -> None:
    """As a problem, without a permission."""
    answer = await preflight(client, origin)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "origin" in answer.json()["detail"]
    assert "access-control-allow-origin" not in answer.headers


async def test_a_preflight_for_too_much_is_refused(client: AsyncClient) -> None:
    """Writing; the page may read why."""
    answer = await preflight(client, SHOP, method="DELETE")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (400, SHOP)


async def test_two_origins_are_refused(client: AsyncClient) -> None:
    """No browser sends two; no answer is given to either."""
    answer = await client.get(PRODUCTS, headers=[("Origin", SHOP), ("Origin", SHOP)])
    assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs#origin-refused")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Origin"


async def test_a_refusal_is_reported() -> None:
    """With the origin and the host, so that the operator can allow it."""
    fixture = HttpFixture(settings=SETTINGS)
    async with fixture.client() as client:
        await client.get(PRODUCTS, headers={"Origin": "https://evil.example"})
        await preflight(client, "https://evil.example")
        await client.get(PRODUCTS, headers={"Origin": SHOP})
    assert [(each.caller.origin, each.caller.host) for each in fixture.refusals] == [
        ("https://evil.example", "localhost:3002")
    ] * 2


async def test_a_star_means_all() -> None:
    """Anybody's page may read, and no origin is echoed."""
    async with HttpFixture(settings=HttpSettings(access=AccessPolicy(origins=["*"]))).client() as client:
        answer = await client.get(PRODUCTS, headers={"Origin": "https://anybody.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert (await preflight(client, "https://anybody.example")).status_code == 200


@pytest.mark.parametrize(("trusted", "scheme"), [(["127.0.0.1"], "https"), ([], "http")])
async def test_a_redirect_behind_tls_keeps_its_scheme(trusted: list[str], scheme: str) -> None:
    """As a trusted proxy names it."""
    policy = AccessPolicy(trusted_proxies=TrustedProxies.parse(trusted))
    async with HttpFixture(settings=HttpSettings(access=policy)).client() as client:
        answer = await client.get(f"{PRODUCTS}/", headers={"Host": "shop.example", "X-Forwarded-Proto": "https"})
    assert (answer.status_code, answer.headers["location"]) == (307, f"{scheme}://shop.example{PRODUCTS}")


@pytest.mark.parametrize(
    ("trusted", "forwarded", "location"),
    [
        (["127.0.0.1"], "live.example", "https://live.example"),
        (["127.0.0.1"], "no host", "https://10.0.0.7:3002"),
        ([], "live.example", "http://10.0.0.7:3002"),
    ],
)
async def test_a_redirect_leads_to_the_address_that_the_client_used(
    trusted: list[str], forwarded: str, location: str
) -> None:
    """A proxy may replace ``Host``; what a trusted one forwards counts, if it is a host."""
    policy = AccessPolicy(trusted_proxies=TrustedProxies.parse(trusted))
    headers = {"Host": "10.0.0.7:3002", "X-Forwarded-Host": forwarded, "X-Forwarded-Proto": "https"}
    async with HttpFixture(settings=HttpSettings(access=policy)).client() as client:
        answer = await client.get(f"{PRODUCTS}/", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (307, f"{location}{PRODUCTS}")


async def test_further_methods_can_be_allowed() -> None:
    """Routes of other rooms may take more than GET."""
    settings = HttpSettings(access=AccessPolicy(origins=[SHOP]), cors_methods=["GET", "POST"])
    async with HttpFixture(settings=settings).client() as client:
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
    """An entry with ``:*`` for its port allows that scheme and host with any port, and no other origin."""
    settings = HttpSettings(access=AccessPolicy(origins=["http://localhost:*"]))
    async with HttpFixture(settings=settings).client() as client:
        answer = await client.get(PRODUCTS, headers={"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == (origin if is_allowed else None)
        assert ((await preflight(client, origin)).status_code == 200) is is_allowed

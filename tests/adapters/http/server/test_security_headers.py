"""The security headers stand on every answer, whatever it is."""

from httpx2 import AsyncClient, Response

from linkhub_adapters.http import HttpSettings
from linkhub_adapters.http.server.security_headers import SECURITY_HEADERS
from tests.adapters.http.failing_routes import ROUTES
from tests.adapters.http.http_fixture import PRODUCTS, BrokenProductStore, HttpFixture


def dressed(answer: Response) -> bool:
    return all(answer.headers.get_list(name) == [value] for name, value in SECURITY_HEADERS.items())


async def test_on_successes(client: AsyncClient) -> None:
    """JSON, pages, assets, health; GET and HEAD."""
    for address in (
        PRODUCTS,
        "/",
        "/shop/x",
        "/assets/theme.css",
        "/healthz",
        "/api/docs",
        "/openapi.json",
        "/metrics",
    ):
        assert dressed(await client.get(address)), address
        assert dressed(await client.head(address)), address


async def test_on_a_304(client: AsyncClient) -> None:
    """It has no body, but it has headers."""
    answer = await client.get(PRODUCTS, headers={"If-None-Match": "*"})
    assert answer.status_code == 304
    assert dressed(answer)


async def test_on_the_clients_errors(client: AsyncClient) -> None:
    """400, 404, 405, and a redirect to the address without its slash."""
    for address, status in ((f"{PRODUCTS}?limit=0", 400), ("/nothing", 404), (f"{PRODUCTS}/", 307)):
        answer = await client.get(address)
        assert answer.status_code == status
        assert dressed(answer)
    assert dressed(await client.post(PRODUCTS))


async def test_on_our_errors() -> None:
    """500 and 503: unexpected errors have the headers, too."""
    fixture = HttpFixture(store=BrokenProductStore(error=OSError()), extra_routes=ROUTES, is_draining=True)
    async with fixture.client() as client:
        for address, status in ((PRODUCTS, 500), ("/boom", 500), ("/readyz", 503)):
            answer = await client.get(address)
            assert answer.status_code == status
            assert dressed(answer)


async def test_on_a_401() -> None:
    """The door is inside, too."""
    async with HttpFixture(settings=HttpSettings(admin_token="t")).client() as client:
        assert dressed(await client.get("/metrics"))


async def test_on_preflights(client: AsyncClient) -> None:
    """Refused ones included."""
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    answer = await client.options(PRODUCTS, headers=headers)
    assert answer.status_code == 403
    assert dressed(answer)


def test_the_policy_allows_nothing_inline() -> None:
    """And nothing from elsewhere but pictures and sockets."""
    policy = SECURITY_HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert SECURITY_HEADERS["x-content-type-options"] == "nosniff"

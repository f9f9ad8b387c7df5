"""With a token configured, the figures are for its holder, and nothing else changes."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient

from linkhub_adapters.http import HttpSettings
from linkhub_core.access import AccessPolicy
from tests.adapters.http.http_fixture import PRODUCTS, HttpFixture

TOKEN = "s3cret-tökén"
PROTECTED = ["/api/v1/shops", "/api/v1/websocket/stats", "/api/v1/operator/status", "/metrics"]


@pytest.fixture
async def guarded() -> AsyncIterator[AsyncClient]:
    """A client of a listener with a token."""
    async with HttpFixture(settings=HttpSettings(admin_token=TOKEN)).client() as client:
        yield client


def bearer(token: str, scheme: str = "Bearer") -> dict[bytes, bytes]:
    return {b"Authorization": f"{scheme} {token}".encode()}


@pytest.mark.parametrize("address", PROTECTED)
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_holder_is_let_in(guarded: AsyncClient, address: str, scheme: str) -> None:
    """The scheme's case does not count."""
    assert (await guarded.get(address, headers=bearer(TOKEN, scheme))).status_code == 200


@pytest.mark.parametrize("address", PROTECTED)
async def test_without_a_token_it_is_a_401(guarded: AsyncClient, address: str) -> None:
    """A problem with a challenge; for HEAD, too."""
    for request in (guarded.get, guarded.head):
        answer = await request(address)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="linkhub"'
    assert (await guarded.get(address)).json()["type"] == "/api/docs#token-required"


@pytest.mark.parametrize(
    "token", ["", " ", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é", "\U0001f511", "x" * 10_000]
)
@pytest.mark.parametrize("address", PROTECTED)
async def test_a_wrong_token_is_a_401(guarded: AsyncClient, address: str, token: str) -> None:
    """And the challenge says that it was the token."""
    answer = await guarded.get(address, headers=bearer(token))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert TOKEN not in answer.text


@pytest.mark.parametrize("value", [TOKEN, f"Basic {TOKEN}", f"Token {TOKEN}", f"Bearer{TOKEN}", "Bearer"])
async def test_another_scheme_is_a_401(guarded: AsyncClient, value: str) -> None:
    """The token counts only as a bearer's."""
    assert (await guarded.get("/metrics", headers={b"Authorization": value.encode()})).status_code == 401


@pytest.mark.parametrize("address", [PRODUCTS, "/healthz", "/readyz", "/openapi.json", "/api/docs"])
async def test_the_rest_stays_open(guarded: AsyncClient, address: str) -> None:
    """Shops, health and the documentation need no token."""
    assert (await guarded.get(address)).status_code == 200


@pytest.mark.parametrize("address", PROTECTED)
async def test_without_a_token_a_server_on_loopback_answers_only_its_own_names(address: str) -> None:
    """A page that points its host name at 127.0.0.1 reads nothing; the public routes answer any host."""
    fixture = HttpFixture(settings=HttpSettings(access=AccessPolicy(is_on_loopback=True)))
    async with fixture.client() as client:
        for host in ("localhost:3002", "127.0.0.1:3002", "[::1]:3002"):
            assert (await client.get(address, headers={"Host": host})).status_code == 200
        answer = await client.get(address, headers={"Host": "evil.example:3002"})
        assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs#foreign-host")
        for public in (PRODUCTS, "/healthz", "/readyz", "/"):
            assert (await client.get(public, headers={"Host": "evil.example:3002"})).status_code == 200
    assert [refused.caller.host for refused in fixture.refusals] == ["evil.example:3002"]


@pytest.mark.parametrize("address", PROTECTED)
async def test_with_a_token_any_host_is_answered(address: str) -> None:
    """Its holder is no page."""
    settings = HttpSettings(access=AccessPolicy(is_on_loopback=True), admin_token=TOKEN)
    async with HttpFixture(settings=settings).client() as client:
        assert (await client.get(address, headers={b"Host": b"shop.internal", **bearer(TOKEN)})).status_code == 200


@pytest.mark.parametrize("address", PROTECTED)
async def test_without_a_configured_token_all_is_open(client: AsyncClient, address: str) -> None:
    """With any headers."""
    assert (await client.get(address)).status_code == 200
    assert (await client.get(address, headers=bearer("anything"))).status_code == 200

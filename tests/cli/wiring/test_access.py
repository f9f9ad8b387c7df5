"""The policy of a listener, from its settings and its address."""

from __future__ import annotations

import pytest

from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.access import access_policy
from linkhub_core.access import AccessPolicy, OriginVerdict


def policy(host: str = "localhost", **environment: str) -> AccessPolicy:
    listener = load_settings(environment=environment).settings.listener
    return access_policy(listener, host=host, own_ports=(3002,))


def verdict(made: AccessPolicy, host: str, origin: str) -> OriginVerdict:
    headers = {"host": [host], "origin": [origin]}
    return made.examine("127.0.0.1", lambda name: headers.get(name, [])).verdict


@pytest.mark.parametrize(
    ("host", "is_on_loopback"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("10.0.0.7", False)],  # noqa: S104
)
def test_the_rebinding_guard_is_for_loopback(host: str, is_on_loopback: bool) -> None:
    """Any other address is one that others know by names that the server does not."""
    assert policy(host).is_on_loopback is is_on_loopback


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://live.example", "https://live.example"),
        ("https://Live.example/shop?x", "https://live.example"),
        ("https://live.example?x", "https://live.example"),
        ("http://live.example:8080/", "http://live.example:8080"),
    ],
)
def test_the_public_address_is_own(url: str, origin: str) -> None:
    """Its origin, whatever its path."""
    assert verdict(policy(LINKHUB_PUBLIC_URL=url), "localhost:3002", origin) is OriginVerdict.OWN


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_localhost_is_listed_by_default(scheme: str, name: str) -> None:
    """On any port; a list of one's own leaves it out."""
    origin = f"{scheme}://{name}:5173"
    assert verdict(policy(), "localhost:3002", origin) is OriginVerdict.LISTED
    chosen = policy(WEBSOCKET_CORS_ORIGINS="https://shop.example")
    assert verdict(chosen, "localhost:3002", origin) is OriginVerdict.NOT_LISTED


def test_trusted_proxies_are_addresses_and_networks() -> None:
    """None by default."""
    assert not policy().trusted_proxies.trusts("127.0.0.1")
    chosen = policy(LINKHUB_TRUSTED_PROXIES="10.0.0.0/8, ::1").trusted_proxies
    assert (chosen.trusts("10.1.2.3"), chosen.trusts("::1"), chosen.trusts("127.0.0.1")) == (True, True, False)

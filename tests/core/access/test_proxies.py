"""Trusted proxies, and the client behind them."""

from __future__ import annotations

import pytest

from linkhub_core.access import ForwardedClient, TrustedProxies
from linkhub_core.model.rules import RuleBroken

PROXIES = TrustedProxies.parse(["10.0.0.0/8", "192.0.2.7", "::1", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client", "hops"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9", 0),
        ("10.0.0.1", [], "10.0.0.1", 1),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1", 1),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1", 1),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1", 1),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.2, 192.0.2.7"], "198.51.100.1", 3),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3", 3),
        ("10.0.0.1", ["198.51.100.1:51234"], "198.51.100.1", 1),
        ("10.0.0.1", ["[2001:db9::7]:443"], "2001:db9::7", 1),
        ("10.0.0.1", ["2001:db9:0::7"], "2001:db9::7", 1),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1", 1),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1", 1),
        ("::1", ["198.51.100.1"], "198.51.100.1", 1),
        ("2001:db8::9", ['"[2001:db9::7]"'], "2001:db9::7", 1),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1", 1),
        ("10.0.0.1", ["198.51.100.1, "], "10.0.0.1", 1),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2, <script>"], "10.0.0.1", 1),
        ("10.0.0.1", ["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2", 2),
        ("", ["198.51.100.1"], "", 0),
        ("a unix socket", ["198.51.100.1"], "a unix socket", 0),
    ],
)
def test_the_right_most_untrusted_address_is_the_client(
    peer: str, forwarded_for: list[str], client: str, hops: int
) -> None:
    """Entries left of it are the client's own, and do not count."""
    assert PROXIES.find_client(peer, forwarded_for) == ForwardedClient(client, hops)


def test_without_trusted_proxies_no_header_counts() -> None:
    """Not even from loopback."""
    assert TrustedProxies().find_client("127.0.0.1", ["198.51.100.1"]) == ForwardedClient("127.0.0.1", 0)


def test_a_network_may_have_host_bits() -> None:
    """As people copy it from ``ip address``."""
    assert TrustedProxies.parse(["10.1.2.3/8"]).trusts("10.9.9.9")


@pytest.mark.parametrize("entry", ["*", "", "proxy.internal", "10.0.0.0/33", "10.0.0", "10.0.0.1:80"])
def test_anything_but_an_address_or_network_is_a_fault(entry: str) -> None:
    """It is named."""
    with pytest.raises(RuleBroken, match="addresses or networks"):
        TrustedProxies.parse([entry])

"""The access policy: the verdicts, and the rights of a page with each."""

from __future__ import annotations

import pytest
from attrs import evolve

from linkhub_core.access import AccessPolicy, Caller, Origin, OriginVerdict, TrustedProxies
from linkhub_core.model.rules import RuleBroken

PROXY = "10.0.0.1"
OPEN = AccessPolicy(
    origins=["https://shop.example", "null"], trusted_proxies=TrustedProxies.parse([PROXY]), own_ports=(3002,)
)
ON_LOOPBACK = evolve(OPEN, is_on_loopback=True, public_origin=Origin.parse("https://live.example"))


def examine(policy: AccessPolicy, *headers: tuple[str, str], peer: str = "127.0.0.1") -> Caller:
    return policy.examine(peer, lambda name: [value for known, value in headers if known == name])


@pytest.mark.parametrize(
    ("host", "origin", "verdict"),
    [
        ("192.168.1.5:3002", None, OriginVerdict.ABSENT),
        ("192.168.1.5:3002", "http://192.168.1.5:3002", OriginVerdict.OWN),
        ("192.168.1.5:3002", "ws://192.168.1.5:3002", OriginVerdict.OWN),
        ("192.168.1.5:3003", "http://192.168.1.5:3002", OriginVerdict.OWN),
        ("192.168.1.5:3002", "http://192.168.1.5:3003", OriginVerdict.NOT_LISTED),
        ("192.168.1.5:3002", "http://192.168.1.5", OriginVerdict.NOT_LISTED),
        ("192.168.1.5:3002", "http://192.168.1.6:3002", OriginVerdict.NOT_LISTED),
        ("Live.example", "https://live.example", OriginVerdict.OWN),
        ("live.example", "http://live.example", OriginVerdict.OWN),
        ("live.example", "wss://live.example", OriginVerdict.OWN),
        ("live.example", "https://live.example:443", OriginVerdict.OWN),
        ("live.example:443", "https://live.example", OriginVerdict.OWN),
        ("live.example", "https://live.example:8443", OriginVerdict.NOT_LISTED),
        ("live.example:8443", "https://live.example", OriginVerdict.NOT_LISTED),
        ("live.example", "capacitor://live.example", OriginVerdict.NOT_LISTED),
        ("live.example", "https://live.example.evil.example", OriginVerdict.NOT_LISTED),
        ("[::1]:3002", "http://[0::1]:3002", OriginVerdict.OWN),
        ("live.example", "http://localhost:3002", OriginVerdict.OWN),
        ("live.example", "http://localhost:5173", OriginVerdict.NOT_LISTED),
        ("live.example", "https://shop.example", OriginVerdict.LISTED),
        ("live.example", "null", OriginVerdict.LISTED),
        ("live.example", "", OriginVerdict.NOT_LISTED),
        (None, "https://live.example", OriginVerdict.NOT_LISTED),
        (None, "https://shop.example", OriginVerdict.LISTED),
    ],
)
def test_the_verdict_on_an_origin(host: str | None, origin: str | None, verdict: OriginVerdict) -> None:
    """The address that the client used, a page of this server, or the list."""
    headers = [("host", host), ("origin", origin)]
    caller = examine(OPEN, *((name, value) for name, value in headers if value is not None))
    assert caller.verdict is verdict
    assert caller.is_allowed is (verdict is not OriginVerdict.NOT_LISTED)


@pytest.mark.parametrize("second", ["https://shop.example", "https://evil.example", ""])
def test_two_origins_are_refused(second: str) -> None:
    """Also two that are each allowed."""
    caller = examine(OPEN, ("host", "a"), ("origin", "https://shop.example"), ("origin", second))
    assert (caller.verdict, caller.is_allowed, caller.cors_headers) == (OriginVerdict.SEVERAL, False, {})


def test_two_hosts_are_none() -> None:
    """The one that a proxy in front obeyed is unknown."""
    caller = examine(OPEN, ("host", "a.example"), ("host", "b.example"), ("origin", "http://a.example"))
    assert (caller.verdict, caller.is_host_own) == (OriginVerdict.NOT_LISTED, False)


@pytest.mark.parametrize(
    ("host", "origin", "verdict", "is_host_own"),
    [
        ("localhost:3002", "http://localhost:3002", OriginVerdict.OWN, True),
        ("127.0.0.1:3002", "http://127.0.0.1:3002", OriginVerdict.OWN, True),
        ("[::1]:3002", "http://[::1]:3002", OriginVerdict.OWN, True),
        ("shop.localhost:3002", "http://shop.localhost:3002", OriginVerdict.OWN, True),
        ("live.example", "https://live.example", OriginVerdict.OWN, True),
        ("live.example:3002", "http://live.example:3002", OriginVerdict.OWN, True),
        ("evil.example:3002", "http://evil.example:3002", OriginVerdict.FOREIGN, False),
        ("evil.example", "https://live.example", OriginVerdict.OWN, False),
        ("evil.example", "https://evil.example", OriginVerdict.FOREIGN, False),
        ("evil.example", "https://shop.example", OriginVerdict.LISTED, False),
        ("localhost.evil.example:3002", "http://localhost.evil.example:3002", OriginVerdict.FOREIGN, False),
        ("192.168.1.5:3002", "http://192.168.1.5:3002", OriginVerdict.FOREIGN, False),
    ],
)
def test_the_rebinding_guard(host: str, origin: str, verdict: OriginVerdict, is_host_own: bool) -> None:
    """A server on loopback takes as its own the names of loopback and the host of its public address."""
    caller = examine(ON_LOOPBACK, ("host", host), ("origin", origin))
    assert (caller.verdict, caller.is_host_own) == (verdict, is_host_own)


@pytest.mark.parametrize(
    ("peer", "headers", "is_own"),
    [
        (PROXY, [("x-forwarded-host", "shop.test")], True),
        (PROXY, [("x-forwarded-for", "198.51.100.1")], False),
        ("127.0.0.1", [("x-forwarded-host", "shop.test")], False),
    ],
)
def test_a_trusted_proxy_names_the_host(peer: str, headers: list[tuple[str, str]], is_own: bool) -> None:
    """By ``X-Forwarded-Host``; that of any other peer is not read."""
    caller = examine(ON_LOOPBACK, ("host", "linkhub:3002"), ("origin", "https://shop.test"), *headers, peer=peer)
    assert (caller.verdict is OriginVerdict.OWN) is is_own


def test_the_host_of_a_forwarded_request_is_own() -> None:
    """A proxy that passes ``Host`` on names it by that, once it has said that it forwards."""
    request = [("host", "shop.test"), ("origin", "https://shop.test")]
    forwarded = examine(ON_LOOPBACK, *request, ("x-forwarded-for", "198.51.100.1"), peer=PROXY)
    assert (forwarded.verdict, forwarded.is_host_own) == (OriginVerdict.OWN, True)
    assert examine(ON_LOOPBACK, *request, peer=PROXY).verdict is OriginVerdict.FOREIGN


@pytest.mark.parametrize(
    ("forwarded_host", "used"),
    [(["shop.test"], "shop.test"), (["evil.test, shop.test"], "shop.test"), (["evil.test", "shop.test"], "shop.test")],
)
def test_what_the_client_wrote_before_the_proxy_does_not_count(forwarded_host: list[str], used: str) -> None:
    """One proxy appends one entry, or replaces what was there."""
    headers = [("x-forwarded-host", value) for value in forwarded_host]
    assert examine(OPEN, ("host", "h"), *headers, peer=PROXY).host == used


def test_the_port_that_a_proxy_names_counts() -> None:
    """Many pass a ``Host`` without the port that the client used."""
    request = [("host", "shop.test"), ("origin", "http://shop.test:8080")]
    assert examine(OPEN, *request, ("x-forwarded-port", "8080"), peer=PROXY).verdict is OriginVerdict.OWN
    assert examine(OPEN, *request, ("x-forwarded-port", "8080")).verdict is OriginVerdict.NOT_LISTED


@pytest.mark.parametrize(("peer", "scheme"), [(PROXY, "https"), ("127.0.0.1", None)])
def test_the_scheme_that_a_proxy_names_counts(peer: str, scheme: str | None) -> None:
    """From a trusted one."""
    assert examine(OPEN, ("host", "h"), ("x-forwarded-proto", "wss"), peer=peer).scheme == scheme


def test_a_listed_page_may_send_credentials() -> None:
    """So may one of this server; the answer depends on the origin."""
    for origin in ("https://shop.example", "http://h"):
        assert examine(OPEN, ("host", "h"), ("origin", origin)).cors_headers == {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "vary": "Origin",
        }


def test_null_and_star_get_no_credentials() -> None:
    """Every sandboxed page is ``null``."""
    null = examine(OPEN, ("host", "h"), ("origin", "null")).cors_headers
    assert null == {"access-control-allow-origin": "null", "vary": "Origin"}
    open_to_all = evolve(OPEN, origins=["*", "https://shop.example"])
    assert examine(open_to_all, ("host", "h"), ("origin", "https://a.example")).cors_headers == {
        "access-control-allow-origin": "*",
        "vary": "Origin",
    }
    listed = examine(open_to_all, ("host", "h"), ("origin", "https://shop.example"))
    assert "access-control-allow-credentials" in listed.cors_headers


def test_a_star_allows_a_foreign_host_too() -> None:
    """The operator said so."""
    policy = evolve(ON_LOOPBACK, origins=["*"])
    caller = examine(policy, ("host", "evil.example"), ("origin", "http://evil.example"))
    assert (caller.verdict, caller.is_host_own) == (OriginVerdict.ANY, False)


def test_a_policy_is_valid_once_constructed() -> None:
    """An entry that can never match is a fault."""
    with pytest.raises(RuleBroken):
        AccessPolicy(origins=["shop.example"])

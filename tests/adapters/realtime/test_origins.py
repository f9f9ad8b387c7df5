"""Whose pages may connect."""

from __future__ import annotations

import pytest

from linkhub_adapters.realtime.origins import Origins

LISTED = Origins(["https://shop.example", "http://localhost:*", "http://[::1]:*"])


@pytest.mark.parametrize(
    "origin",
    [None, "https://shop.example", "HTTPS://SHOP.example", "http://localhost", "http://localhost:5173", "http://[::1]"],
)
def test_who_is_listed_may_connect(origin: str | None) -> None:
    """The entries as they stand, any port where the entry says so, and clients that are no browsers."""
    assert LISTED.allow(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://shop.example",
        "https://shop.example.evil.example",
        "https://evil-shop.example",
        "https://shop.example:8443",
        "https://shop.example/",
        "https://shop.example@evil.example",
        "http://localhost.evil.example",
        "http://localhost:5173.evil.example",
        "http://localhost:",
        "http://localhost:٣",
        "https://localhost:5173",
        "http://localhost:*",
        "*",
    ],
)
def test_who_only_resembles_an_entry_may_not(origin: str) -> None:
    """Neither another scheme, port, suffix or prefix, nor the origin of a sandbox."""
    assert not LISTED.allow(origin)


def test_a_star_allows_everybody() -> None:
    """Even a sandbox."""
    assert Origins(["*"]).allow("null")
    assert Origins(["*"]).response_headers("https://anybody.example") == {"access-control-allow-origin": "*"}


def test_nothing_listed_allows_only_clients_without_an_origin() -> None:
    """The list is closed unless something stands on it."""
    assert Origins([]).allow(None)
    assert not Origins([]).allow("https://shop.example")


def test_an_answer_names_the_origin_that_may_read_it() -> None:
    """And only an origin that is listed; caches are told that it depends on it."""
    assert LISTED.response_headers("https://shop.example") == {
        "access-control-allow-origin": "https://shop.example",
        "vary": "Origin",
    }
    assert LISTED.response_headers("https://evil.example") == {}
    assert LISTED.response_headers(None) == {}

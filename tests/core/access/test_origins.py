"""Origins, and the patterns of the list that allows them."""

from __future__ import annotations

import pytest

from linkhub_core.access import Authority, Origin, OriginList, OriginPattern, is_loopback_name
from linkhub_core.model.rules import RuleBroken

LISTED = OriginList(["https://shop.example", "http://localhost:*", "http://[::1]:*"])


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "HTTPS://SHOP.example",
        "https://shop.example:443",
        "wss://shop.example",
        "http://localhost",
        "http://localhost:5173",
        "http://[::1]",
        "ws://localhost:80",
    ],
)
def test_a_listed_origin_is_allowed(origin: str) -> None:
    """In any case, with or without the default port, any port where the entry says so."""
    assert LISTED.names(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "http://shop.example",
        "https://shop.example.evil.example",
        "https://evil-shop.example",
        "https://shop.example:8443",
        "https://shop.example/",
        "https://shop.example@evil.example",
        "https://shop.example:443:443",
        "https://shop.example:0",
        "https://shop.example:",
        "https://shop.example#",
        "http://localhost.evil.example",
        "http://localhost:5173.evil.example",
        "http://localhost:",
        "http://localhost:٣",
        "http://localhost:*",
        "https://localhost:5173",
        "https://a, https://shop.example",
        "https:shop.example",
    ],
)
def test_an_origin_that_resembles_an_entry_is_refused(origin: str) -> None:
    """Another scheme, port, suffix or prefix, or no origin at all."""
    assert not LISTED.names(origin)


@pytest.mark.parametrize(
    ("entry", "allowed", "refused"),
    [
        ("https://*.shop.example", "https://a.shop.example", "https://shop.example"),
        ("https://*.shop.example", "https://a.b.shop.example", "https://ashop.example"),
        ("https://*.shop.example", "https://a.shop.example:443", "https://a.shop.example:8443"),
        ("https://*.shop.example:*", "https://a.shop.example:8443", "http://a.shop.example"),
        ("https://*.shop.example:8443", "https://a.shop.example:8443", "https://a.shop.example"),
        ("https://b.example:443", "https://b.example", "https://b.example:444"),
        ("http://b.example:80", "http://b.example", "https://b.example"),
        ("https://*", "https://any.example", "http://any.example"),
        ("https://shop.example/", "https://shop.example", "https://shop.example.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example", "https://bcher.example"),
        ("http://[0:0:0:0:0:0:0:1]:*", "http://[::1]:3000", "http://[::2]:3000"),
        ("capacitor://localhost", "capacitor://localhost", "ionic://localhost"),
        ("ionic:", "ionic://localhost", "ionics://localhost"),
        ("tauri:", "tauri://localhost", "http://tauri.localhost"),
        ("app://obsidian.md", "app://obsidian.md", "app://obsidian.md.evil"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://ABCDEFGHIJKLMNOP", "chrome-extension://a"),
        ("moz-extension://*", "moz-extension://0b7c-41", "chrome-extension://0b7c-41"),
        ("file://", "file://", "null"),
        ("null", "null", "file://"),
    ],
)
def test_each_form_of_an_entry(entry: str, allowed: str, refused: str) -> None:
    """It allows what its form says and nothing beside it."""
    listed = OriginList([entry])
    assert listed.names(allowed)
    assert not listed.names(refused)


@pytest.mark.parametrize(
    "entry",
    [
        "shop.example",
        "https:",
        "https:shop.example",
        "http://",
        "https:///",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://user@shop.example",
        "https://shop.example:0",
        "https://shop.example:65536",
        "https://shop.example:x",
        "https://*shop.example",
        "https://a.*.example",
        "https://shop.*",
        "https://*.*.x",
        "https://shop..example",
        "https://.shop.example",
        "https://*.",
        "https://127.1",
        "https://1.2.3.4.5",
        "https://*.127.0.0.1",
        "https://[::1",
        "https://[shop]",
        "https://shop example",
        "https://shop,b",
        "://x",
        ":",
        "capacitor://loc*",
        "1app://x",
        "nul",
        "https://0x7f.1",
        "data:",
        "blob://shop.example",
        "about:",
    ],
)
def test_an_entry_that_can_never_match_is_a_fault(entry: str) -> None:
    """The fault names the entry; no browser sends such an origin."""
    with pytest.raises(RuleBroken, match="must be an origin"):
        OriginPattern.parse(entry)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("HTTPS://Shop.Example:443/", "https://shop.example"),
        ("wss://shop.example", "https://shop.example"),
        ("http://[::0001]:80", "http://[::1]"),
        ("https://*.Shop.example:*", "https://*.shop.example:*"),
        ("tauri:", "tauri:"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_an_entry_has_one_normal_form(entry: str, text: str) -> None:
    """The one that is printed; it reads as itself."""
    assert OriginPattern.parse(entry).text == text
    assert OriginPattern.parse(text).text == text


def test_a_star_is_kept_apart() -> None:
    """It allows all, but it names none of them."""
    assert OriginList(["*"]).allows_any
    assert not OriginList(["*"]).names("https://shop.example")


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("shop.example", Authority("shop.example")),
        ("Shop.example:8080", Authority("shop.example", 8080)),
        ("[::1]:3002", Authority("::1", 3002)),
        ("[0::1]", Authority("::1")),
        ("127.0.0.1:3002", Authority("127.0.0.1", 3002)),
        ("", None),
        (":3002", None),
        ("shop.example:", None),
        ("shop.example:*", None),
        ("::1", None),
        ("a, b", None),
        ("user@shop.example", None),
    ],
)
def test_a_host_header(text: str, authority: Authority | None) -> None:
    """A host, and a port where one is written; anything else is none."""
    assert Authority.parse(text) == authority


def test_an_origin_has_the_default_port_of_its_scheme() -> None:
    """So that both spellings are equal; the scheme of an app has none."""
    assert Origin.parse("https://shop.example") == Origin.parse("https://shop.example:443")
    assert Origin.parse("capacitor://localhost") == Origin("capacitor", "localhost", None)


@pytest.mark.parametrize(
    ("name", "is_loopback"),
    [
        ("localhost", True),
        ("shop.localhost", True),
        ("localhost.", True),
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("localhost.example", False),
        ("10.0.0.1", False),
        ("::", False),
        ("shop.example", False),
    ],
)
def test_the_names_of_loopback(name: str, is_loopback: bool) -> None:
    """Those that no name server can point elsewhere."""
    assert is_loopback_name(name) is is_loopback

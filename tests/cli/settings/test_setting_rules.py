"""The rules of single settings: what they take, what they give, and what they say of the rest."""

from pathlib import Path
from typing import Any

import pytest

from linkhub_cli.settings import setting_rules as rules
from linkhub_core.model.rules import Rule, RuleBroken

_PATTERNS = ("https://*.shop.example", "capacitor://localhost", "tauri:", "null")
TAKEN: list[tuple[Rule[Any], object, object]] = [
    (rules.whole(0, 65_535), "3002", 3002),
    (rules.whole(0, 65_535), "0", 0),
    (rules.whole(1), "1_000_000", 1_000_000),
    (rules.whole(1), 7, 7),
    (rules.seconds(0, 600), "0.25", 0.25),
    (rules.seconds(0, 600), 8, 8.0),
    (rules.choice("embedded", "aws"), "AWS", "aws"),
    (rules.switch, "Off", False),
    (rules.switch, "1", True),
    (rules.words, "s3cret", "s3cret"),
    (rules.matching(r"[a-z]+-\d", "eu-1"), "eu-1", "eu-1"),
    (rules.directory, ".linkhub", Path(".linkhub")),
    (rules.host, "0.0.0.0", "0.0.0.0"),  # noqa: S104  a text that is read, not listened on
    (rules.host, "[::1]", "::1"),
    (rules.host, "shop.internal", "shop.internal"),
    (rules.address, "http://localhost:4566", "http://localhost:4566"),
    (rules.origins, "https://Shop.example/, http://[::1]:5173,", ("https://shop.example", "http://[::1]:5173")),
    (rules.origins, "*", ("*",)),
    (rules.origins, "http://localhost:*", ("http://localhost:*",)),
    (rules.origins, ("https://shop.example",), ("https://shop.example",)),
    (rules.origins, "https://*.shop.example:443,Capacitor://localhost,tauri:,NULL", _PATTERNS),
    (rules.networks, "10.0.0.0/8, ::1,", ("10.0.0.0/8", "::1")),
    (rules.public_url, "https://live.example/shop?x", "https://live.example/shop?x"),
    (rules.currency, "ugx", "UGX"),
    (rules.contacts, "https://wa.me/256, a=https://a.example", ("https://wa.me/256", "a=https://a.example")),
    (rules.contacts, ("https://wa.me/256",), ("https://wa.me/256",)),
]

REFUSED: list[tuple[Rule[Any], object, str]] = [
    (rules.whole(0, 65_535), "65536", "from 0 to 65,535"),
    (rules.whole(0, 65_535), "-1", "from 0 to 65,535"),
    (rules.whole(1), "1.5", "a whole number, 1 or more"),
    (rules.whole(1), True, "a whole number"),
    (rules.whole(1), "", "a whole number"),
    (rules.seconds(0, 600), "nan", "seconds from 0 to 600"),
    (rules.seconds(0, 600), "8s", "seconds from 0 to 600"),
    (rules.seconds(0, 600), "1e9", "seconds from 0 to 600"),
    (rules.choice("embedded", "aws"), "azure", "one of embedded, aws"),
    (rules.switch, "maybe", "on or off"),
    (rules.words, " ", "blank"),
    (rules.matching(r"[a-z]+-\d", "eu-1"), "eu", "look like eu-1"),
    (rules.directory, "a\0b", "a directory"),
    (rules.directory, __file__, "there is a file"),
    (rules.host, "127.0.0.1:3002", "without a port"),
    (rules.host, "http://localhost", "an address to listen on"),
    (rules.address, "localhost:4566", "http or https"),
    (rules.origins, "https://shop.example/path", "'https://shop.example/path' is none"),
    (rules.origins, "shop.example", "'shop.example' has no scheme"),
    (rules.origins, "https://*shop.example", "whole host"),
    (rules.origins, 7, "separated by commas"),
    (rules.networks, "proxy", "'proxy' is not one"),
    (rules.public_url, "live.example", "https URL"),
    (rules.currency, "dollars", "ISO 4217"),
    (rules.contacts, "wa.me/256", "must be https addresses"),
    (rules.contacts, 7, "must be text"),
    (rules.public_url, "https://user@live.example", "https URL"),
    (rules.public_url, "capacitor://localhost", "https URL"),
    (rules.networks, "*", "0.0.0.0/0,::/0"),
    (rules.networks, 7, "separated by commas"),
]


@pytest.mark.parametrize(("rule", "text", "value"), TAKEN)
def test_takes(rule: Rule[Any], text: object, value: object) -> None:
    """A rule converts a text to its value."""
    assert rule(text) == value


@pytest.mark.parametrize(("rule", "text", "value"), TAKEN)
def test_takes_its_own_values(rule: Rule[Any], text: object, value: object) -> None:
    """A rule accepts its own result unchanged."""
    assert rule(value) == rule(text)


@pytest.mark.parametrize(("rule", "text", "problem"), REFUSED)
def test_refuses(rule: Rule[Any], text: object, problem: str) -> None:
    """A rule says what would be right."""
    with pytest.raises(RuleBroken, match="must") as broken:
        rule(text)
    assert problem in str(broken.value)

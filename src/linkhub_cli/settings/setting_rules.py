"""The rules of single settings: a rule takes the text of a variable and returns the value, or raises ``RuleBroken``.

A rule also accepts its own result, so settings can be constructed in code.
"""

from __future__ import annotations

import ipaddress
import math
import re
from pathlib import Path

from linkhub_adapters.http.pages.contact_links import ContactLinks, split_entries
from linkhub_adapters.http.pages.currency import Currency
from linkhub_core.access import Origin, OriginPattern, TrustedProxies
from linkhub_core.model.rules import Rule, RuleBroken

_WHOLE = re.compile(r"[+-]?[0-9][0-9_]*")
_TOPIC_ARN = re.compile(r"arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
_ADDRESS = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")


def whole(least: int, most: int | None = None) -> Rule[int]:
    """A whole number from ``least`` to ``most``; underscores may group its digits."""
    allowed = f"a whole number from {least:,} to {most:,}" if most is not None else f"a whole number, {least:,} or more"

    def rule(value: object) -> int:
        number = value if isinstance(value, int) and not isinstance(value, bool) else _read_whole(value, allowed)
        if number < least or (most is not None and number > most):
            raise RuleBroken(f"must be {allowed}")
        return number

    return rule


def _read_whole(value: object, allowed: str) -> int:
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        raise RuleBroken(f"must be {allowed}")
    return int(value)


def seconds(least: float, most: float) -> Rule[float]:
    """A number of seconds from ``least`` to ``most``."""
    allowed = f"a number of seconds from {least:g} to {most:g}"

    def rule(value: object) -> float:
        try:
            number = float(value) if isinstance(value, str | int | float) else math.nan
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise RuleBroken(f"must be {allowed}")
        return number

    return rule


def choice(*names: str) -> Rule[str]:
    """One of ``names``, in any case."""

    def rule(value: object) -> str:
        name = str(value).lower()
        if name not in names:
            raise RuleBroken(f"must be one of {', '.join(names)}")
        return name

    return rule


def switch(value: object) -> bool:
    """``on`` or ``off``, or another word for them, in any case."""
    word = str(value).lower()
    if word in ("on", "true", "yes", "1"):
        return True
    if word in ("off", "false", "no", "0"):
        return False
    raise RuleBroken("must be on or off")


def words(value: object) -> str:
    """Text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise RuleBroken("must not be blank")
    return value


def matching(pattern: str, example: str) -> Rule[str]:
    """Text that matches ``pattern`` as a whole; ``example`` shows one that does."""
    whole_pattern = re.compile(pattern)

    def rule(value: object) -> str:
        if not isinstance(value, str) or not whole_pattern.fullmatch(value):
            raise RuleBroken(f"must look like {example}")
        return value

    return rule


def directory(value: object) -> Path:
    """Where a directory is, or may be made."""
    path = Path(value) if isinstance(value, str | Path) else None
    if path is None or "\0" in str(path):
        raise RuleBroken("must be the path of a directory")
    if path.exists() and not path.is_dir():
        raise RuleBroken("must be a directory, but there is a file")
    return path


def host(value: object) -> str:
    """An IP address or a host name, without a port."""
    text = str(value).strip("[]")
    if _HOST_NAME.fullmatch(text):
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise RuleBroken(
            "must be an address to listen on, such as localhost, 127.0.0.1, 0.0.0.0 or ::1, without a port"
        ) from None


def address(value: object) -> str:
    """An http or https URL."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise RuleBroken("must be an http or https URL, such as http://localhost:4566")
    return value


def topic_arn(value: object) -> str:
    """The ARN of a standard topic."""
    if isinstance(value, str) and _TOPIC_ARN.fullmatch(value.removesuffix(".fifo")):
        if value.endswith(".fifo"):
            raise RuleBroken("names a FIFO topic, and announcements need a standard one: `linkhub init` makes it")
        return value
    raise RuleBroken("must look like arn:aws:sns:REGION:ACCOUNT:NAME")


def public_url(value: object) -> str:
    """An http or https URL whose origin a browser can have."""
    if not isinstance(value, str) or Origin.of_url(value) is None:
        raise RuleBroken("must be an http or https URL such as https://live.shop.example")
    return value


def currency(value: object) -> str:
    """A currency code of ISO 4217, in any case."""
    return Currency.parse(str(value)).code


def contacts(value: object) -> tuple[str, ...]:
    """Addresses at which shoppers reach sellers; see :mod:`linkhub_adapters.http.pages.contact_links`."""
    entries = split_entries(value) if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise RuleBroken("must be text")
    ContactLinks.parse(entries)
    return tuple(entries)


def origins(value: object) -> tuple[str, ...]:
    """Patterns of origins, separated by commas; see :mod:`linkhub_core.access.origins`."""
    return tuple(_origin(entry) for entry in _entries(value, "must be origins separated by commas"))


def networks(value: object) -> tuple[str, ...]:
    """Addresses and networks, separated by commas."""
    entries = _entries(value, "must be addresses and networks separated by commas")
    TrustedProxies.parse(entries)
    return entries


def _entries(value: object, expected: str) -> tuple[str, ...]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise RuleBroken(expected)
    return tuple(str(entry).strip() for entry in entries if str(entry).strip())


def _origin(entry: str) -> str:
    text = entry.lower()
    return text if text in ("*", "null") else OriginPattern.parse(text).text

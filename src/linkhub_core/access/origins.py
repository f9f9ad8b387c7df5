"""Origins of pages, and the patterns of the list that allows them.

An origin is what a browser sends as ``Origin`` (RFC 6454): scheme, host and port, or ``null``.

| pattern                        | allows                                                                        |
|--------------------------------|-------------------------------------------------------------------------------|
| ``https://shop.example``       | that scheme, host and port; the default port may be written or left out       |
| ``http://localhost:*``         | that scheme and host on any port                                              |
| ``https://*.shop.example``     | every host below ``shop.example``, at any depth, not ``shop.example`` itself  |
| ``capacitor://localhost``      | that origin of an app; ``chrome-extension://*``: every host of that scheme    |
| ``tauri:``                     | every origin of that scheme; not for ``http:`` and ``https:``                 |
| ``null``                       | sandboxed pages and local files                                               |
| ``*``                          | every origin, ``null`` too                                                    |

``ws`` and ``wss`` count as ``http`` and ``https``: some native clients send the scheme of the WebSocket.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final, Self

from attrs import frozen

from linkhub_core.model.rules import RuleBroken

NULL: Final = "null"
ANY: Final = "*"

# A page of these schemes sends the origin of another page, or `null`.
_NEVER_SENT: Final = frozenset({"about", "blob", "data", "javascript"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HTTP_SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
_AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:/?#@\s,]*)(?::([0-9]{1,5}|\*))?")
_URL: Final = re.compile(r"[A-Za-z]+://[^/?#]*")
_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_NUMERIC: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")
_FORM: Final = "must be an origin such as https://shop.example, https://*.shop.example or capacitor://localhost"


@frozen
class Authority:
    """A host and its port, as in ``Host`` and in origins.

    Attributes:
        name: in lower case; an IPv6 address in its shortest form, without brackets.
        port: None if the text has no port.
    """

    name: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read ``host`` or ``host:port``; return None for other text."""
        match = _AUTHORITY.fullmatch(text.strip().lower())
        name = _host_name(match[1]) if match else None
        port = _port(match[2]) if match else None
        if match is None or not name or (match[2] is not None and port is None):
            return None
        return cls(name, port)


@frozen
class Origin:
    """The origin of a page. Without a written port, ``port`` is the default of http or https."""

    scheme: str
    name: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the value of an ``Origin`` header; return None if it has no host, as ``null``."""
        scheme, separator, rest = text.lower().partition("://")
        match = _AUTHORITY.fullmatch(rest)
        if not separator or match is None or not _SCHEME.fullmatch(scheme):
            return None
        port = _port(match[2])
        if match[2] is not None and port is None:
            return None
        http_scheme = _HTTP_SCHEMES.get(scheme)
        if http_scheme is None:
            return cls(scheme, match[1], port)
        name = _host_name(match[1])
        return None if name is None else cls(http_scheme, name, port or _DEFAULT_PORTS[http_scheme])

    @classmethod
    def of_url(cls, url: str) -> Self | None:
        """Return the origin of an http or https URL, or None; a user or an invalid port is not allowed."""
        match = _URL.match(url)
        origin = cls.parse(match[0]) if match else None
        return origin if origin is not None and origin.is_http else None

    @property
    def is_http(self) -> bool:
        """Whether a web server sent the page."""
        return self.scheme in _DEFAULT_PORTS

    @property
    def default_port(self) -> int | None:
        """The default port of the scheme."""
        return _DEFAULT_PORTS.get(self.scheme)


@frozen
class OriginPattern:
    """One entry of the list; see the table of this module.

    Attributes:
        text: the entry in its normal form.
    """

    text: str
    scheme: str
    name: str = ANY
    port: int | str | None = ANY

    @classmethod
    def parse(cls, entry: str) -> Self:
        """Read an entry.

        Raises:
            RuleBroken: no client can send an origin that matches; the text gives the reason.
        """
        scheme, separator, rest = entry.lower().partition(":")
        if not separator or not _SCHEME.fullmatch(scheme):
            raise RuleBroken(f"{_FORM}; {entry!r} has no scheme")
        if scheme in _NEVER_SENT:
            raise RuleBroken(f"{_FORM}; no browser sends {entry!r}: `null` is what it sends for sandboxed pages")
        if not rest and scheme not in _HTTP_SCHEMES:
            return cls(f"{scheme}:", scheme)
        if not rest.startswith("//"):
            raise RuleBroken(f"{_FORM}; {entry!r} is none")
        http_scheme = _HTTP_SCHEMES.get(scheme)
        name, port = _parse_pattern_host(entry, rest[2:], is_http=http_scheme is not None)
        if http_scheme is not None and port is None:
            port = _DEFAULT_PORTS[http_scheme]
        return cls(_text(http_scheme or scheme, name, port), http_scheme or scheme, name, port)

    def matches(self, origin: Origin) -> bool:
        """Whether the entry allows an origin."""
        return (
            origin.scheme == self.scheme
            and (self.port in (ANY, origin.port))
            and (self.name in (ANY, origin.name) or (self.name[:2] == "*." and origin.name.endswith(self.name[1:])))
        )


class OriginList:
    """The allowed origins.

    Args:
        entries: patterns; see the table of this module.

    Raises:
        RuleBroken: an entry can never match.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        listed = {entry.strip().lower() for entry in entries}
        self.allows_any = ANY in listed
        self.allows_null = NULL in listed
        self._patterns = [OriginPattern.parse(entry) for entry in sorted(listed - {ANY, NULL})]

    def names(self, text: str) -> bool:
        """Whether an entry other than ``*`` allows this value of an ``Origin`` header."""
        if text == NULL:
            return self.allows_null
        origin = Origin.parse(text)
        return origin is not None and any(pattern.matches(origin) for pattern in self._patterns)


def is_loopback_name(name: str) -> bool:
    """Whether a host name or an address without brackets always means this machine (``localhost``: RFC 6761)."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.rstrip(".") == "localhost" or name.rstrip(".").endswith(".localhost")


def _parse_pattern_host(entry: str, rest: str, *, is_http: bool) -> tuple[str, int | str | None]:
    # An address bar gives "https://shop.example/"; browsers send no slash.
    match = _AUTHORITY.fullmatch(rest.removesuffix("/"))
    if match is None:
        raise RuleBroken(f"{_FORM}, without a path; {entry!r} is none")
    host, written_port = match[1], match[2]
    port: int | str | None = ANY if written_port == ANY else _port(written_port)
    if written_port is not None and port is None:
        raise RuleBroken(f"{_FORM}, with a port from 1 to 65535 or `*`; {entry!r} has another one")
    if not is_http:
        if "*" in host.removeprefix("*."):
            return (ANY, port) if host == ANY else _misplaced_star(entry)
        return host, port
    if host == ANY:
        return ANY, port
    prefix, name = ("*.", host[2:]) if host.startswith("*.") else ("", host)
    if "*" in name:
        _misplaced_star(entry)
    known = _host_name(_in_ascii(name))
    if known is None or (prefix and _is_address(known)):
        raise RuleBroken(f"{_FORM}; no browser sends the host of {entry!r}")
    return prefix + known, port


def _misplaced_star(entry: str) -> tuple[str, None]:
    raise RuleBroken(f"{_FORM}: `*` is a whole host, or the first label of one; {entry!r} has it elsewhere")


def _in_ascii(name: str) -> str:
    """Return a name in Punycode, as browsers send it."""
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _host_name(text: str) -> str | None:
    """Return the normal form of a host name or address, or None."""
    if text.startswith("["):
        return _address(text.strip("[]"))
    if _NUMERIC.fullmatch(text):
        return _address(text)
    return text if _NAME.fullmatch(text) else None


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    return _address(name) is not None


def _port(text: str | None) -> int | None:
    number = int(text) if text is not None and text.isascii() and text.isdigit() else 0
    return number if 1 <= number <= 65_535 else None


def _text(scheme: str, name: str, port: int | str | None) -> str:
    host = f"[{name}]" if ":" in name else name
    is_written = port is not None and port != _DEFAULT_PORTS.get(scheme)
    return f"{scheme}://{host}:{port}" if is_written else f"{scheme}://{host}"

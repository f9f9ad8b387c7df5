"""Whose pages may connect: an allowlist of origins, compared whole.

| entry                      | allows                                                                       |
|----------------------------|------------------------------------------------------------------------------|
| ``https://shop.example``   | exactly that scheme, host and port                                           |
| ``http://localhost:*``     | that scheme and host on any port                                             |
| ``*``                      | every origin, ``null`` too                                                   |

A client without an ``Origin`` is no browser: nobody's cookies or pages are at stake, and it is let in. ``null``, which
sandboxed pages and files send, is an origin like any other that is not on the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["Origins"]

_ANY_PORT = ":*"


class Origins:
    """An allowlist of origins.

    Args:
        entries: see the module's table.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        listed = {entry.lower().rstrip("/") for entry in entries}
        self._all = "*" in listed
        self._any_port = frozenset(entry[: -len(_ANY_PORT)] for entry in listed if entry.endswith(_ANY_PORT))
        self._exact = frozenset(entry for entry in listed - {"*"} if not entry.endswith(_ANY_PORT))

    def allow(self, origin: str | None) -> bool:
        """Whether a client that sends this ``Origin`` may connect."""
        if origin is None or self._all:
            return True
        given = origin.lower()
        if given in self._exact:
            return True
        host, colon, port = given.rpartition(":")
        is_port = colon == ":" and port.isascii() and port.isdigit()
        return (host if is_port else given) in self._any_port

    def response_headers(self, origin: str | None) -> Mapping[str, str]:
        """What lets a page of an allowed ``origin`` read an answer (CORS); nothing for clients without one."""
        if origin is None or not self.allow(origin):
            return {}
        if self._all:
            return {"access-control-allow-origin": "*"}
        return {"access-control-allow-origin": origin, "vary": "Origin"}

"""One decision for WebSocket, polling, event streams and REST: may this client connect?

:meth:`AccessPolicy.examine` reads the peer and the headers of a request and returns a :class:`Caller` with a verdict:

| verdict    | the ``Origin`` header                                                       | allowed | credentials |
|------------|-----------------------------------------------------------------------------|---------|-------------|
| ABSENT     | is missing: the client is not a page                                        | yes     |             |
| OWN        | names the address that the client used, or a page of this server            | yes     | yes         |
| LISTED     | is on the list                                                              | yes     | not ``null``|
| ANY        | is allowed by ``*`` alone                                                   | yes     | no          |
| NOT_LISTED | is another one                                                              | no      |             |
| FOREIGN    | names the address that the client used, and it is not this server's own     | no      |             |
| SEVERAL    | there are two                                                               | no      |             |

**The address that the client used** is ``Host``, or ``X-Forwarded-Host`` of a trusted proxy.

**Rebinding guard.** The owner of a page can point its host name at 127.0.0.1 and reach a server on a loopback address
under that name (DNS rebinding). So such a server accepts as its own only loopback names, the host of its public
address, and the host of a request that a trusted proxy forwarded. A server on another address accepts every host.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from attrs import Factory, field, frozen

from linkhub_core.access.origins import NULL, Authority, Origin, OriginList, is_loopback_name
from linkhub_core.access.proxies import TrustedProxies

HeaderValues = Callable[[str], Sequence[str]]
"""Returns all values of a header in the order of the request. The name is in lower case."""

OPERATORS_ROUTE: Final = "operator's route"

_FORWARDED: Final = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")


class OriginVerdict(StrEnum):
    """The outcome for a request's ``Origin``; see the table of this module."""

    ABSENT = "absent"
    OWN = "own"
    LISTED = "listed"
    ANY = "any"
    NOT_LISTED = "not_listed"
    FOREIGN = "foreign_host"
    SEVERAL = "several_origins"


_ALLOWED: Final = frozenset({OriginVerdict.ABSENT, OriginVerdict.OWN, OriginVerdict.LISTED, OriginVerdict.ANY})


@frozen(kw_only=True)
class Caller:
    """The sender of a request.

    Attributes:
        address: the address of the client: the peer's, or the one that trusted proxies forwarded.
        host: the address that the client used, as written; None if it is missing or there are several.
        scheme: ``http`` or ``https`` if a trusted proxy names it, else None.
        is_host_own: whether ``host`` is this server's own; see the rebinding guard.
        origin: the value of ``Origin``; None unless there is exactly one.
        verdict: the outcome.
    """

    address: str
    host: str | None
    scheme: str | None
    is_host_own: bool
    origin: str | None
    verdict: OriginVerdict

    @property
    def is_allowed(self) -> bool:
        """Whether the origin may connect and read responses."""
        return self.verdict in _ALLOWED

    @property
    def cors_headers(self) -> Mapping[str, str]:
        """The CORS headers of the response; empty if there is no page or it is not allowed."""
        if self.origin is None or not self.is_allowed:
            return {}
        if self.verdict is OriginVerdict.ANY:
            return {"access-control-allow-origin": "*", "vary": "Origin"}
        named = {"access-control-allow-origin": self.origin, "vary": "Origin"}
        return named if self.origin == NULL else {**named, "access-control-allow-credentials": "true"}


@frozen(kw_only=True)
class RefusedCaller:
    """A refusal for the operator's log.

    Attributes:
        caller: who was refused.
        asked_for: ``websocket``, ``polling``, ``event stream``, ``http`` or ``operator's route``.
    """

    caller: Caller
    asked_for: str


@frozen(kw_only=True)
class _Used:
    """The address that a client used."""

    text: str | None
    authority: Authority | None
    forwarded_port: str | None
    is_own: bool


@frozen(kw_only=True)
class AccessPolicy:
    """The callers that a server allows.

    Attributes:
        origins: the allowed origins; see :mod:`~linkhub_core.access.origins`.
        trusted_proxies: the proxies whose ``X-Forwarded-*`` headers count.
        is_on_loopback: whether the server listens on loopback addresses only.
        own_ports: the ports on which it listens.
        public_origin: the origin of its public address, such as ``https://shop.example``.

    Raises:
        RuleBroken: an entry of ``origins`` can never match.
    """

    origins: Sequence[str] = ()
    trusted_proxies: TrustedProxies = TrustedProxies()
    is_on_loopback: bool = False
    own_ports: Sequence[int] = ()
    public_origin: Origin | None = None
    _list: OriginList = field(
        init=False, eq=False, repr=False, default=Factory(lambda self: OriginList(self.origins), takes_self=True)
    )

    def examine(self, peer: str, header_values: HeaderValues) -> Caller:
        """Decide on a request.

        Args:
            peer: the address of the peer; empty if it has none, as on a Unix socket.
            header_values: the headers of the request.
        """
        client = self.trusted_proxies.find_client(peer, header_values("x-forwarded-for"))
        used = self._address_used(client.hops, header_values)
        origins = header_values("origin")
        return Caller(
            address=client.address,
            host=used.text,
            scheme=_scheme(client.hops, header_values),
            is_host_own=used.is_own,
            origin=origins[0] if len(origins) == 1 else None,
            verdict=self._judge(origins, used),
        )

    def _address_used(self, hops: int, header_values: HeaderValues) -> _Used:
        is_forwarded = hops > 0 and any(header_values(name) for name in _FORWARDED)
        text = _of_hop(hops, header_values("x-forwarded-host"))
        if text is None:
            hosts = header_values("host")
            text = hosts[0] if len(hosts) == 1 else None
        authority = None if text is None else Authority.parse(text)
        return _Used(
            text=text,
            authority=authority,
            forwarded_port=_of_hop(hops, header_values("x-forwarded-port")),
            is_own=authority is not None and (is_forwarded or self._owns(authority.name)),
        )

    def _owns(self, name: str) -> bool:
        if not self.is_on_loopback or is_loopback_name(name):
            return True
        return self.public_origin is not None and name == self.public_origin.name

    def _judge(self, origins: Sequence[str], used: _Used) -> OriginVerdict:
        if not origins:
            return OriginVerdict.ABSENT
        if len(origins) > 1:
            return OriginVerdict.SEVERAL
        origin = Origin.parse(origins[0])
        is_used = origin is not None and self._names(origin, used)
        if (is_used and used.is_own) or (origin is not None and self._is_own_page(origin)):
            return OriginVerdict.OWN
        if self._list.names(origins[0]):
            return OriginVerdict.LISTED
        if self._list.allows_any:
            return OriginVerdict.ANY
        return OriginVerdict.FOREIGN if is_used else OriginVerdict.NOT_LISTED

    def _names(self, origin: Origin, used: _Used) -> bool:
        """Whether an origin names the address that the client used. REST and WebSockets may use two ports of it."""
        if used.authority is None or not origin.is_http or origin.name != used.authority.name:
            return False
        port = used.authority.port or origin.default_port
        return origin.port in (port, *self.own_ports) or str(origin.port) == used.forwarded_port

    def _is_own_page(self, origin: Origin) -> bool:
        if origin == self.public_origin:
            return True
        return origin.is_http and is_loopback_name(origin.name) and origin.port in self.own_ports


def _of_hop(hops: int, values: Sequence[str]) -> str | None:
    """Return the entry of the farthest trusted proxy, or None. A proxy appends an entry or replaces the list."""
    entries = [entry.strip() for value in values for entry in value.split(",") if entry.strip()]
    return entries[max(0, len(entries) - hops)] if hops and entries else None


def _scheme(hops: int, header_values: HeaderValues) -> str | None:
    named = (_of_hop(hops, header_values("x-forwarded-proto")) or "").lower()
    return {"http": "http", "https": "https", "ws": "http", "wss": "https"}.get(named)

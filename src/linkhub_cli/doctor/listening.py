"""The listener: whether its ports are free, and whether it is open to others on purpose.

    seen                                                   verdict   because
    -----------------------------------------------------  --------  ----------------------------------------------
    a port that another program has, or that is not ours   fault     `linkhub serve` does not start
    a port on which a linkhub answers                      ok        that is where it runs
    others let in, no admin token                          warning   statistics and metrics are open to all of them
    others let in, no origins named                        warning   pages of other hosts cannot connect
    others let in, all origins                             warning   any page in the world may connect
    all peers trusted as proxies                           warning   a client chooses its own address
    loopback trusted as a proxy, no admin token            warning   a page on this machine can pass for a proxy

Each port is bound for a moment, and no connection is accepted.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Sequence
from enum import Enum, auto

from attrs import frozen

from linkhub_cli.processes.http_server import bind_all
from linkhub_cli.settings import Listener, SettingsFaulty
from linkhub_cli.wiring.listener_info import url_of
from linkhub_core.access import TrustedProxies, is_loopback_name
from linkhub_core.ports.finding import Finding

_ANSWER_SECONDS = 1.0
_PROTECT = 'LINKHUB_ADMIN_TOKEN="$(openssl rand -hex 32)"'


class Port(Enum):
    """The holder of a port."""

    FREE = auto()
    LINKHUB = auto()
    TAKEN = auto()


@frozen(kw_only=True)
class PortSeen:
    """A port, the setting that names it, its holder, and why it cannot be bound."""

    variable: str
    number: int
    holder: Port
    problem: str = ""


def look_at_ports(listener: Listener) -> Sequence[PortSeen]:
    """Bind each port for a moment; if that fails, ask for ``/readyz`` there."""
    wanted = [
        ("LINKHUB_PORT", listener.port),
        ("LINKHUB_WS_PORT", listener.ws_port),
        ("LINKHUB_METRICS_PORT", listener.metrics_port),
    ]
    return [_look(listener.host, number, variable) for variable, number in wanted if number is not None]


def _look(host: str, number: int, variable: str) -> PortSeen:
    try:
        for taken in bind_all(host, number, variable=variable):
            taken.close()
    except SettingsFaulty as faulty:
        holder = Port.LINKHUB if _is_linkhub(host, number) else Port.TAKEN
        return PortSeen(variable=variable, number=number, holder=holder, problem=faulty.faults[0].problem)
    return PortSeen(variable=variable, number=number, holder=Port.FREE)


def _is_linkhub(host: str, number: int) -> bool:
    """Whether the answer to ``/readyz`` has linkhub's form."""
    address = url_of(host, number).removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        said = json.loads(connection.getresponse().read(65_536))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(said, dict) and {"status", "checks"} <= said.keys()


def listener_findings(listener: Listener, ports: Sequence[PortSeen]) -> Sequence[Finding]:
    """Judge the listener."""
    return [*map(_port_finding, ports), *_openness(listener), *_proxy_warnings(listener)]


def _port_finding(seen: PortSeen) -> Finding:
    subject = f"port {seen.number}"
    if seen.number == 0:
        return Finding.ok("port 0", f"any free one is taken ({seen.variable})")
    if seen.holder is Port.FREE:
        return Finding.ok(subject, "free")
    if seen.holder is Port.LINKHUB:
        return Finding.ok(subject, "a linkhub serves there")
    return Finding.fault(
        subject, f"{seen.variable} {seen.problem}", f"ss -ltnp 'sport = :{seen.number}' (shows which process has it)"
    )


def _openness(listener: Listener) -> Iterator[Finding]:
    if is_loopback_name(listener.host):
        yield Finding.ok("access", f"{listener.host}: this machine alone")
        return
    warnings = [*_origin_warnings(listener)]
    if listener.admin_token is None:
        problem = f"{listener.host} lets others in, and statistics and metrics ask for no token"
        warnings.insert(0, Finding.warning("access", problem, _PROTECT))
    yield from warnings
    if not warnings:
        origins = ", ".join(listener.cors_origins or ())
        yield Finding.ok("access", f"{listener.host}: an admin token is set, pages of {origins} may connect")


def _proxy_warnings(listener: Listener) -> Iterator[Finding]:
    proxies = TrustedProxies.parse(listener.trusted_proxies or ())
    if any(network.prefixlen == 0 for network in proxies.networks):
        problem = "every peer is trusted: any client can choose its own address with X-Forwarded-For"
        yield Finding.warning("proxies", problem, "LINKHUB_TRUSTED_PROXIES=10.0.0.7 (the proxies alone)")
    elif listener.admin_token is None and (proxies.trusts("127.0.0.1") or proxies.trusts("::1")):
        problem = "loopback is trusted, so a page on this machine can pass for a proxy, and statistics ask for no token"
        yield Finding.warning("proxies", problem, _PROTECT)


def _origin_warnings(listener: Listener) -> Iterator[Finding]:
    mend = "WEBSOCKET_CORS_ORIGINS=https://shop.example (the origins of the pages that show products)"
    if listener.cors_origins is None:
        yield Finding.warning(
            "origins",
            f"{listener.host} lets others in, but only its own pages and those of localhost may connect",
            mend,
        )
    elif "*" in listener.cors_origins:
        yield Finding.warning("origins", "any page in the world may connect", mend)

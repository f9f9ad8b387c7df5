"""Trusted proxies, and the address of the client behind them.

Rule 1. ``X-Forwarded-*`` headers count only if the peer of the connection is a trusted proxy: any client can send them.
Rule 2. Each proxy appends the address of its peer to ``X-Forwarded-For``. The list is read from the right; the first
        address that is not a trusted proxy is the client. Entries left of it are not proven.
Rule 3. An entry that is not an address (``unknown``, an obfuscated identifier) ends the search: the proxy that sent it
        counts as the client.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Self

from attrs import frozen

from linkhub_core.model.rules import RuleBroken


@frozen
class ForwardedClient:
    """A client and the number of trusted proxies between it and this server, including the peer."""

    address: str
    hops: int


@frozen
class TrustedProxies:
    """The addresses and networks of proxies whose ``X-Forwarded-*`` headers count."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read addresses (``10.0.0.7``, ``::1``) and networks (``10.0.0.0/8``).

        Raises:
            RuleBroken: an entry is neither.
        """
        return cls(tuple(_network(entry.strip()) for entry in entries))

    def trusts(self, address: str) -> bool:
        """Whether a peer is a trusted proxy."""
        if not self.networks:
            return False
        try:
            known = ipaddress.ip_address(plain_address(address))
        except ValueError:
            return False
        return any(known in network for network in self.networks)

    def find_client(self, peer: str, forwarded_for: Sequence[str]) -> ForwardedClient:
        """Find the client of a connection.

        Args:
            peer: the address of the peer.
            forwarded_for: the values of the ``X-Forwarded-For`` headers, in order.
        """
        address, hops = plain_address(peer), 0
        entries = [entry for value in forwarded_for for entry in value.split(",")]
        while self.trusts(address):
            hops += 1
            forwarded = _read_entry(entries.pop()) if entries else None
            if forwarded is None:
                break
            address = forwarded
        return ForwardedClient(address, hops)


def plain_address(text: str) -> str:
    """Return an address in its normal form; IPv4 within IPv6 (``::ffff:10.0.0.7``) becomes IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _read_entry(entry: str) -> str | None:
    """Return the address of an entry of ``X-Forwarded-For``, which may have a port, or None."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return plain_address(str(ipaddress.ip_address(text)))
    except ValueError:
        return None


def _network(entry: str) -> IPv4Network | IPv6Network:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        hint = "; `0.0.0.0/0,::/0` means every peer" if entry == "*" else ""
        raise RuleBroken(
            f"must be addresses or networks such as 10.0.0.7 or 10.0.0.0/8, separated by commas; "
            f"{entry!r} is not one{hint}"
        ) from None

"""Who may connect, from the settings and the addresses that a process listens on."""

from __future__ import annotations

from collections.abc import Sequence

from linkhub_cli.settings import Listener
from linkhub_core.access import AccessPolicy, Origin, TrustedProxies, is_loopback_name

__all__ = ["access_policy"]

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_LOCALHOST = tuple(f"{scheme}://{name}:*" for scheme in ("http", "https") for name in _LOOPBACK)


def access_policy(listener: Listener, *, host: str, own_ports: Sequence[int]) -> AccessPolicy:
    """Make the policy of a listener.

    Args:
        listener: the settings.
        host: the address that is listened on, or ``localhost``.
        own_ports: the ports on which pages of this process are.
    """
    origins = listener.cors_origins if listener.cors_origins is not None else _LOCALHOST
    return AccessPolicy(
        origins=origins,
        trusted_proxies=TrustedProxies.parse(listener.trusted_proxies or ()),
        is_on_loopback=is_loopback_name(host),
        own_ports=own_ports,
        public_origin=Origin.of_url(listener.public_url) if listener.public_url is not None else None,
    )

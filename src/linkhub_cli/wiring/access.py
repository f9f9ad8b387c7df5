"""Who may connect, from the settings; and the log of those who may not, each with the setting that would allow it.

A refused page comes back every few seconds, and a client can send any origin. So each refusal is logged once in
``REPEAT_SECONDS``, and at most ``MAX_REMEMBERED`` different ones in that time; the counters count them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import define, field
from structlog.typing import FilteringBoundLogger

from linkhub_cli.settings import Listener
from linkhub_core.access import (
    OPERATORS_ROUTE,
    AccessPolicy,
    Origin,
    OriginVerdict,
    RefusedCaller,
    TrustedProxies,
    is_loopback_name,
)

_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_LOCALHOST: Final = tuple(f"{scheme}://{name}:*" for scheme in ("http", "https") for name in _LOOPBACK)

REPEAT_SECONDS: Final = 60.0
MAX_REMEMBERED: Final = 100
_MAX_SHOWN: Final = 200

_REMEDIES: Final[Mapping[OriginVerdict, str]] = {
    OriginVerdict.NOT_LISTED: "add the origin to WEBSOCKET_CORS_ORIGINS if its pages may connect",
    OriginVerdict.FOREIGN: "set LINKHUB_PUBLIC_URL to the address under which this server is reached, or "
    "LINKHUB_TRUSTED_PROXIES to the proxy in front of it, or add the origin to WEBSOCKET_CORS_ORIGINS",
    OriginVerdict.SEVERAL: "no setting allows two Origin headers: a proxy in front may add one",
}
_HOST_REMEDY: Final = (
    "set LINKHUB_PUBLIC_URL to the address under which this server is reached, or LINKHUB_TRUSTED_PROXIES to the proxy "
    "in front of it, or LINKHUB_ADMIN_TOKEN"
)


def access_policy(listener: Listener, *, host: str, own_ports: Sequence[int]) -> AccessPolicy:
    """The policy of a listener at ``host``, an address or ``localhost``; ``own_ports`` serve pages of this process."""
    origins = listener.cors_origins if listener.cors_origins is not None else _LOCALHOST
    return AccessPolicy(
        origins=origins,
        trusted_proxies=TrustedProxies.parse(listener.trusted_proxies or ()),
        is_on_loopback=is_loopback_name(host),
        own_ports=own_ports,
        public_origin=Origin.of_url(listener.public_url) if listener.public_url is not None else None,
    )


@define(eq=False)
class RefusalLog:
    """Writes refusals to the log."""

    log: FilteringBoundLogger
    monotonic: Callable[[], float] = time.monotonic
    _logged_at: dict[tuple[str | None, ...], float] = field(factory=dict, init=False)

    def __call__(self, refused: RefusedCaller) -> None:
        """Log a refusal, unless it was logged a moment ago."""
        caller, now = refused.caller, self.monotonic()
        is_for_operators = refused.asked_for == OPERATORS_ROUTE
        remedy = _HOST_REMEDY if is_for_operators else _REMEDIES[caller.verdict]
        key = (remedy, caller.origin, caller.host)
        self._logged_at = {known: at for known, at in self._logged_at.items() if now - at < REPEAT_SECONDS}
        if key in self._logged_at or len(self._logged_at) >= MAX_REMEMBERED:
            return
        self._logged_at[key] = now
        self.log.warning(
            "refused",
            asked_for=refused.asked_for,
            reason=str(OriginVerdict.FOREIGN if is_for_operators else caller.verdict),
            origin=_shortened(caller.origin),
            host=_shortened(caller.host),
            address=caller.address,
            remedy=remedy,
        )


def _shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."

"""Decide who may connect: one pure decision for all transports.

    origins    origins of pages, and the patterns that allow them
    proxies    trusted proxies, and the client address behind them
    policy     `AccessPolicy.examine`: the decision, its outcomes, the rebinding guard

Other modules must not read the headers ``Origin``, ``Host`` and ``X-Forwarded-*`` to decide access. No framework and
no name of a setting is used here.
"""

from linkhub_core.access.origins import Authority, Origin, OriginList, OriginPattern, is_loopback_name
from linkhub_core.access.policy import OPERATORS_ROUTE, AccessPolicy, Caller, HeaderValues, OriginVerdict, RefusedCaller
from linkhub_core.access.proxies import ForwardedClient, TrustedProxies, plain_address

__all__ = [
    "OPERATORS_ROUTE",
    "AccessPolicy",
    "Authority",
    "Caller",
    "ForwardedClient",
    "HeaderValues",
    "Origin",
    "OriginList",
    "OriginPattern",
    "OriginVerdict",
    "RefusedCaller",
    "TrustedProxies",
    "is_loopback_name",
    "plain_address",
]

"""Who may connect, decided without I/O for every transport alike.

    origins    the origins of pages, and the patterns of the list that allows them
    proxies    trusted proxies, and the client address behind them
    policy     `AccessPolicy.examine`: the decision, with named outcomes; the rebinding guard

No header is read elsewhere for this purpose, and nothing here knows a framework or a setting's name.
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

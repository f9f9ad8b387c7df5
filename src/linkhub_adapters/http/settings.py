"""How this room behaves. The values come from whoever wires the process: no environment is read here."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen, validators

__all__ = ["HttpSettings"]


@frozen(kw_only=True)
class HttpSettings:
    """The choices that a listener makes.

    Args:
        cors_origins: origins whose pages may read answers, such as ``https://shop.example``;
            ``http://localhost:*`` means any port there, ``*`` all.
        own_origins: the listener's own origins, which are always allowed.
        cors_methods: what a preflight may ask for; a room that adds routes with other methods adds them here.
        admin_token: the bearer token for stats, metrics and the operator's status; none leaves them open.
        probe_timeout_seconds: how long ``/readyz`` waits for each probe.
        retry_after_seconds: what a 503 tells a client to wait.
    """

    cors_origins: Sequence[str] = ()
    own_origins: Sequence[str] = ()
    cors_methods: Sequence[str] = ("GET", "HEAD", "OPTIONS")
    # An empty token would be matched by an empty bearer: it is a mistake in a configuration, not a choice.
    admin_token: str | None = field(default=None, repr=False, validator=validators.optional(validators.min_len(1)))
    probe_timeout_seconds: float = field(default=2.0, validator=validators.gt(0))
    retry_after_seconds: int = field(default=2, validator=validators.ge(1))

"""How this room behaves. The values come from whoever wires the process: no environment is read here."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen, validators

from linkhub_core.access import AccessPolicy

__all__ = ["HttpSettings"]


@frozen(kw_only=True)
class HttpSettings:
    """The choices that a listener makes.

    Args:
        access: which origins' pages may read answers, and which hosts are this server's own.
        cors_methods: what a preflight may ask for; a room that adds routes with other methods adds them here.
        admin_token: the bearer token for stats, metrics and the operator's status; none leaves them
            open to all hosts that are this server's own.
        probe_timeout_seconds: how long ``/readyz`` waits for each probe.
        retry_after_seconds: what a 503 tells a client to wait.
    """

    access: AccessPolicy = field(factory=AccessPolicy)
    cors_methods: Sequence[str] = ("GET", "HEAD", "OPTIONS")
    # An empty token would be matched by an empty bearer: it is a mistake in a configuration, not a choice.
    admin_token: str | None = field(default=None, repr=False, validator=validators.optional(validators.min_len(1)))
    probe_timeout_seconds: float = field(default=2.0, validator=validators.gt(0))
    retry_after_seconds: int = field(default=2, validator=validators.ge(1))

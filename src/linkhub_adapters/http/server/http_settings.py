"""The settings of the HTTP room, with their defaults."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen, validators

from linkhub_core.access import AccessPolicy

__all__ = ["HttpSettings"]


@frozen(kw_only=True)
class HttpSettings:
    """Access, limits and time-outs of a listener.

    Args:
        access: the origins whose pages may read answers, and the hosts that are this server's own.
        cors_methods: the methods that a preflight may ask for, those of extra routes included.
        admin_token: the bearer token of the operator's routes; without one they answer to this server's own hosts.
        changes_allowed_by: what a refused change asks the operator to set: the setting of the admin token.
        probe_timeout_seconds: how long ``/readyz`` waits for each probe.
        retry_after_seconds: the ``Retry-After`` of a 503.
    """

    access: AccessPolicy = field(factory=AccessPolicy)
    cors_methods: Sequence[str] = ("GET", "HEAD", "OPTIONS")
    # An empty bearer would match an empty token.
    admin_token: str | None = field(default=None, repr=False, validator=validators.optional(validators.min_len(1)))
    changes_allowed_by: str = "the admin token"
    probe_timeout_seconds: float = field(default=2.0, validator=validators.gt(0))
    retry_after_seconds: int = field(default=2, validator=validators.ge(1))

"""The settings of the HTTP room, and the services that its routes call: use cases, and functions of other rooms.

The rooms of the adapters do not import each other, so counts, metrics and probes come in as functions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen, validators

from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.operator_desk import OperatorAction, OperatorDesk
from linkhub_adapters.http.api.problems import FailedRequest
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from linkhub_core.access import AccessPolicy, RefusedCaller
from linkhub_core.application import BrowseShop, ListShops, SetListing


@frozen(kw_only=True)
class HttpSettings:
    """Access, limits and time-outs of a listener.

    Args:
        access: the origins whose pages may read answers, and the hosts that are this server's own.
        cors_methods: the methods that a preflight may ask for, those of extra routes included.
        admin_token: the bearer token of the operator's routes; without one they answer to this server's own hosts.
        changes_allowed_by: what a refused change asks the operator to set: the setting of the admin token.
        compression: whether answers are compressed for clients that accept it.
        probe_timeout_seconds: how long ``/readyz`` waits for each probe.
        retry_after_seconds: the ``Retry-After`` of a 503.
        shops: what the operator chose for the pages of shops.
    """

    access: AccessPolicy = field(factory=AccessPolicy)
    cors_methods: Sequence[str] = ("GET", "HEAD", "OPTIONS")
    # An empty bearer would match an empty token.
    admin_token: str | None = field(default=None, repr=False, validator=validators.optional(validators.min_len(1)))
    changes_allowed_by: str = "the admin token"
    compression: bool = True
    probe_timeout_seconds: float = field(default=2.0, validator=validators.gt(0))
    retry_after_seconds: int = field(default=2, validator=validators.ge(1))
    shops: ShopSettings = ShopSettings()


@frozen(kw_only=True)
class Probe:
    """One check of ``/readyz``: ``check`` raises if it fails.

    The process is ready if no probe that ``is_needed`` fails; the other probes are only reported.
    """

    name: str
    check: Callable[[], Awaitable[object]]
    is_needed: bool = True


@frozen(kw_only=True)
class HealthServices:
    """The services of the health routes and of metrics.

    Args:
        probes: the checks of ``/readyz``, each under its own name.
        draining: whether the process stops; ``/readyz`` is then false before anything closes.
        metrics: the Prometheus exposition and its media type.
        failed: called once for each request that ended in a 500 or 503. It must not raise.
        refused: called for each request whose origin or host is refused. It must not raise.
    """

    metrics: Callable[[], tuple[bytes, str]]
    failed: Callable[[FailedRequest], None]
    draining: Callable[[], bool]
    probes: Sequence[Probe] = field(default=())
    refused: Callable[[RefusedCaller], None] = field(default=lambda _: None)

    @probes.validator
    def _each_has_its_own_name(self, _: object, probes: Sequence[Probe]) -> None:
        if len({probe.name for probe in probes}) < len(probes):
            raise ValueError("two probes have the same name: one would hide the other")


@frozen(kw_only=True)
class HttpServices(HealthServices):
    """The services of all routes of a server.

    Args:
        browse: reads shops.
        pages: the cache of first pages; by default it keeps none.
        listings: reads and changes listings.
        shops: lists shops.
        stats: the live connections as JSON, with the fields of ``GET /api/v1/websocket/stats``.
        operator_status: the data of the operator's page as JSON.
        desk: what an operator may look at and change.
        acted: called after each change by an operator. It must not raise.
    """

    browse: BrowseShop
    listings: SetListing
    shops: ListShops
    pages: KeptPages = field()
    stats: Callable[[], Mapping[str, Any]]
    operator_status: Callable[[], Awaitable[Mapping[str, Any]]]
    desk: OperatorDesk
    acted: Callable[[OperatorAction], None] = field(default=lambda _: None)

    @pages.default
    def _keep_none(self) -> KeptPages:
        return KeptPages(browse=self.browse)

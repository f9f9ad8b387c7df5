"""Every choice that linkhub leaves open: the one definition that `.env.example`, the docs and ``linkhub config`` print.

Rule 1. A setting is declared once, with its variable, default, unit, doc and rule, and something reads it.
Rule 2. Only this package reads the environment; all others are given a frozen :class:`Settings`.
Rule 3. The settings of one backend are declared by that backend: see :mod:`linkhub_cli.settings.packages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import Factory, field, fields, frozen

from linkhub_adapters.http import HttpSettings
from linkhub_adapters.realtime.server.http_bounds import HttpBounds
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_cli.settings import setting_rules as rules
from linkhub_cli.settings.packages import backend_name
from linkhub_cli.settings.setting import setting
from linkhub_core.ports import QUEUE_DEFAULTS, QueueOptions

T = TypeVar("T")

BACKEND = "LINKHUB_BACKEND"
_DAY_SECONDS = 86_400
_REALTIME, _BOUNDS = RealtimeSettings(), HttpBounds()  # their defaults are the settings' defaults


@frozen(kw_only=True)
class Storage:
    """Where everything is kept"""

    backend: str = setting(
        BACKEND,
        backend_name,
        default="embedded",
        doc="`embedded` keeps all in one SQLite file, `aws` uses SQS, DynamoDB and SNS, `memory` keeps all in the "
        "process; other packages may bring more. Unset: `aws` when an `SQS_*_QUEUE_URL` is set, else `embedded`.",
    )
    data_dir: Path = setting(
        "LINKHUB_DATA_DIR",
        rules.directory,
        default=Path(".linkhub"),
        doc="The directory in which the embedded backend keeps its file; it is made when it is missing.",
    )


@frozen(kw_only=True)
class Listener:
    """Where linkhub listens, and to whom"""

    host: str = setting(
        "LINKHUB_HOST",
        rules.host,
        default="localhost",
        doc="The address to listen on. `localhost` is 127.0.0.1 and ::1, `0.0.0.0` lets other machines in.",
    )
    port: int = setting(
        "LINKHUB_PORT",
        rules.whole(0, 65_535),
        default=3002,
        doc="The port of REST, realtime and pages; 0 takes any free one.",
    )
    ws_port: int | None = setting(
        "LINKHUB_WS_PORT",
        rules.whole(0, 65_535),
        doc="A port for the standalone WebSocket server, in addition to the port that answers everything.",
        when_unset="no second port",
        example="3003",
    )
    metrics_port: int | None = setting(
        "LINKHUB_METRICS_PORT",
        rules.whole(0, 65_535),
        doc="The port on which `linkhub consume` answers `/healthz`, `/readyz` and `/metrics`; 0 takes any free one. "
        "`linkhub serve` answers them on its own port.",
        when_unset="`linkhub consume` listens to nothing",
        example="9102",
    )
    cors_origins: tuple[str, ...] | None = setting(
        "WEBSOCKET_CORS_ORIGINS",
        rules.origins,
        doc="Origins whose pages may read answers and connect, separated by commas. `http://localhost:*` means "
        "any port there, `https://*.shop.example` every host below, `capacitor://localhost` an app, `null` sandboxed "
        "pages, `*` all. The server's own address is always allowed.",
        when_unset="localhost on any port",
        example="https://shop.example,http://localhost:5173",
    )
    public_url: str | None = setting(
        "LINKHUB_PUBLIC_URL",
        rules.public_url,
        doc="The address under which others reach this server, such as that of the proxy in front of it. Its origin "
        "may connect, and a server on a loopback address takes its host as its own. Canonical addresses, sitemaps and "
        "product feeds begin with it.",
        when_unset="the host of each request; no sitemaps and no feeds",
        example="https://live.shop.example",
    )
    trusted_proxies: tuple[str, ...] | None = setting(
        "LINKHUB_TRUSTED_PROXIES",
        rules.networks,
        doc="Addresses and networks of the proxies in front, separated by commas. Only their `X-Forwarded-*` headers "
        "count, for every transport; the right-most address that is none of them is the client.",
        when_unset="no such header counts",
        example="10.0.0.0/8,::1",
    )
    keep_alive_seconds: float = setting(
        "LINKHUB_KEEP_ALIVE_SECONDS",
        rules.seconds(1, 3_600),
        default=75.0,
        doc="How long an HTTP connection without a request is kept. Longer than the idle time-out of the load balancer "
        "in front, which is 60 s for most: else it sends requests into connections that just close (502).",
    )
    compression: bool = setting(
        "LINKHUB_COMPRESSION",
        rules.switch,
        default=True,
        doc="Whether clients that accept it get compressed answers and events: gzip and zstd over HTTP, "
        "permessage-deflate over WebSocket. `off` leaves compressing to a proxy in front.",
    )
    admin_token: str | None = setting(
        "LINKHUB_ADMIN_TOKEN",
        rules.words,
        doc="The bearer token that statistics, metrics, the operator's figures and listings ask for.",
        when_unset="figures are open to all who reach the port, and nothing is changed over HTTP",
        secret=True,
    )
    http_connections_per_address: int = setting(
        "LINKHUB_HTTP_CONNECTIONS_PER_ADDRESS",
        rules.whole(1),
        default=_BOUNDS.connections_per_address,
        doc="How many connections of plain HTTP may come from one address, without those that answer event streams and "
        "long polls; never more than a quarter of the files that the process may open.",
    )
    http_requests_in_work: int = setting(
        "LINKHUB_HTTP_REQUESTS_IN_WORK",
        rules.whole(1, 10_000),
        default=_BOUNDS.scheduler.max_in_work,
        doc="How many requests for pages are worked on at once; others wait for their turn, events and health do not.",
    )
    probe_timeout_seconds: float = setting(
        "LINKHUB_PROBE_TIMEOUT_SECONDS",
        rules.seconds(0.1, 60),
        default=HttpSettings().probe_timeout_seconds,
        doc="How long `/readyz` waits for each queue and store.",
    )


@frozen(kw_only=True)
class Shops:
    """The pages of shops"""

    currency: str | None = setting(
        "LINKHUB_CURRENCY",
        rules.currency,
        doc="The currency of all prices, a code of ISO 4217. Pages show it in the format of the shopper's locale.",
        when_unset="pages show plain numbers; structured data and feeds have no prices",
        example="UGX",
    )
    contacts: tuple[str, ...] | None = setting(
        "LINKHUB_CONTACT_URL",
        rules.contacts,
        doc="The address that contacts the seller about a product: https, with `{title}`, `{seller}` and `{video_id}` "
        "as placeholders. `HANDLE=ADDRESS` is for one shop; separate several by commas.",
        when_unset="products have no contact link",
        example="https://wa.me/256700000000?text={title},kampala.kicks=https://kicks.example/ask?video={video_id}",
    )


@frozen(kw_only=True)
class Realtime:
    """What one connection may do"""

    max_frame_bytes: int = setting(
        "LINKHUB_MAX_FRAME_BYTES",
        rules.whole(1_024, 16_777_216),
        default=_REALTIME.session.max_frame_bytes,
        doc="The longest message that a client may send.",
    )
    messages_per_minute: int = setting(
        "LINKHUB_MESSAGES_PER_MINUTE",
        rules.whole(1, 1_000_000),
        default=_REALTIME.session.messages_per_minute,
        doc="How many messages a client may send in a minute.",
    )
    max_subscriptions: int = setting(
        "LINKHUB_MAX_SUBSCRIPTIONS",
        rules.whole(1, 100_000),
        default=_REALTIME.session.max_subscriptions,
        doc="How many shops a connection may watch.",
    )
    max_connections_per_address: int = setting(
        "LINKHUB_MAX_CONNECTIONS_PER_ADDRESS",
        rules.whole(1),
        default=_REALTIME.max_connections_per_address,
        doc="How many connections may come from one client address; behind a proxy all come from the proxy's, unless "
        "`LINKHUB_TRUSTED_PROXIES` names it.",
    )
    max_unsent_bytes: int = setting(
        "LINKHUB_MAX_UNSENT_BYTES",
        rules.whole(65_536, 1_073_741_824),
        default=_REALTIME.max_unsent_bytes,
        doc="How much may wait for a slow reader before its connection is closed with 1013.",
    )
    max_polling_payload_bytes: int = setting(
        "LINKHUB_MAX_POLLING_PAYLOAD_BYTES",
        rules.whole(1_024, 1_073_741_824),
        default=_REALTIME.max_polling_payload_bytes,
        doc="The longest payload of HTTP long-polling, both ways.",
    )
    ping_interval_seconds: float = setting(
        "LINKHUB_PING_INTERVAL_SECONDS",
        rules.seconds(1, 600),
        default=_REALTIME.ping_interval_seconds,
        doc="How often a connection is asked whether it still lives.",
    )
    ping_timeout_seconds: float = setting(
        "LINKHUB_PING_TIMEOUT_SECONDS",
        rules.seconds(1, 600),
        default=_REALTIME.ping_timeout_seconds,
        doc="How long the answer to that may take before the connection is closed.",
    )


@frozen(kw_only=True)
class Consuming:
    """How messages are taken from the queues, and what becomes of halves that wait"""

    batch_size: int = setting(
        "LINKHUB_BATCH_SIZE",
        rules.whole(1, 1_000),
        default=QUEUE_DEFAULTS["batch_size"],
        doc="How many messages are worked on together.",
    )
    max_in_flight: int = setting(
        "LINKHUB_MAX_IN_FLIGHT",
        rules.whole(1, 100),
        default=4,
        doc="How many batches a consumer has in work at once.",
    )
    visibility_timeout_seconds: float = setting(
        "LINKHUB_VISIBILITY_TIMEOUT_SECONDS",
        rules.seconds(1, 43_200),
        default=QUEUE_DEFAULTS["visibility_timeout_seconds"],
        doc="How long a message is hidden from others while one consumer works on it; renewed while work goes on.",
    )
    receive_wait_seconds: float = setting(
        "LINKHUB_RECEIVE_WAIT_SECONDS",
        rules.seconds(0, 20),
        default=QUEUE_DEFAULTS["receive_wait_seconds"],
        doc="How long one receive waits for the first message.",
    )
    max_receive_count: int = setting(
        "LINKHUB_MAX_RECEIVE_COUNT",
        rules.whole(1, 1_000),
        default=QUEUE_DEFAULTS["max_receive_count"],
        doc="How often a message is tried before it goes to the dead letters (with SQS the queue itself decides).",
    )
    staging_ttl_seconds: int = setting(
        "LINKHUB_STAGING_TTL_SECONDS",
        rules.whole(1, 365 * _DAY_SECONDS),
        default=_DAY_SECONDS,
        doc="How long a half waits for its partner before a sweep removes it.",
    )
    sweep_interval_seconds: float = setting(
        "LINKHUB_SWEEP_INTERVAL_SECONDS",
        rules.seconds(1, _DAY_SECONDS),
        default=3_600.0,
        doc="How often a consumer sweeps staging.",
    )
    stall_seconds: float = setting(
        "LINKHUB_STALL_SECONDS",
        rules.seconds(1, 365 * _DAY_SECONDS),
        default=900.0,
        doc="How long a half may wait for its partner before it is reported, once: in the log, in a metric, on the "
        "operator's page, and with SNS to other services. Each consumer reads staging three times in this time.",
    )
    drain_seconds: float = setting(
        "LINKHUB_DRAIN_SECONDS",
        rules.seconds(0, 600),
        default=8.0,
        doc="How long a stopping process may take to finish what it has in hand.",
    )

    @property
    def queue_options(self) -> QueueOptions:
        """The options that the queues of all backends have in common."""
        return QueueOptions(
            batch_size=self.batch_size,
            visibility_timeout_seconds=self.visibility_timeout_seconds,
            receive_wait_seconds=self.receive_wait_seconds,
            max_receive_count=self.max_receive_count,
        )


@frozen(kw_only=True)
class Logs:
    """Logs"""

    level: str = setting(
        "LINKHUB_LOG_LEVEL",
        rules.choice("debug", "info", "warning", "error"),
        default="info",
        doc="The least severe entry that is written: `debug`, `info`, `warning` or `error`.",
    )
    format: str | None = setting(
        "LINKHUB_LOG_FORMAT",
        rules.choice("console", "json"),
        doc="`console` is for eyes, `json` for machines.",
        when_unset="`console` on a terminal, else `json`",
        example="json",
    )
    traces: str = setting(
        "LINKHUB_TRACES",
        rules.choice("none", "otlp", "console"),
        default="none",
        doc="Where OpenTelemetry traces go: `otlp` as the `OTEL_*` variables say, `console` to standard output.",
    )


@frozen(kw_only=True)
class Settings:
    """All settings, by subject; ``own`` holds those of the installed backends."""

    storage: Storage = Factory(Storage)
    listener: Listener = Factory(Listener)
    shops: Shops = Factory(Shops)
    consuming: Consuming = Factory(Consuming)
    realtime: Realtime = Factory(Realtime)
    logs: Logs = Factory(Logs)
    own: Mapping[type[Any], object] = field(factory=dict)

    def of(self, section: type[T]) -> T:
        """The settings that a backend declares, see ``BackendSettings.own_settings``; defaults if none were read."""
        found = self.own.get(section)
        return found if isinstance(found, section) else section()


SECTIONS: Mapping[str, type[Any]] = {
    one.name: one.default.factory for one in fields(Settings) if one.name != "own" and one.default is not None
}

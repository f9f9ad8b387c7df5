"""Every choice that linkhub leaves open: the one definition that `.env.example`, the docs and ``linkhub config`` print.

Rule 1. This module is the only reader of the environment; everybody else is handed a frozen :class:`Settings`.
Rule 2. A setting stands here once, with its variable, default, unit, doc and rule, and something reads it.
Rule 3. What is wrong is told all at once, each fault by its variable's name: see :mod:`linkhub_cli.settings.sources`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from attrs import Factory, evolve, frozen
from typed_settings.cls_utils import deep_options

from linkhub_cli.settings import setting_rules as rules
from linkhub_cli.settings.backend_choice import DEFAULT_BACKEND, ignored_settings, inferred_backend
from linkhub_cli.settings.backend_choice import VARIABLE as BACKEND
from linkhub_cli.settings.setting import facts_of, setting
from linkhub_cli.settings.sources import Loaded, SettingFault, Source, load, read_env_file

__all__ = [
    "Aws",
    "Consuming",
    "Listener",
    "Logs",
    "Realtime",
    "Settings",
    "Storage",
    "load_settings",
]

_DAY_SECONDS = 86_400
_SQS_URL = r"https?://\S+/\S+"


@frozen(kw_only=True)
class Storage:
    """Where everything is kept"""

    backend: str = setting(
        BACKEND,
        rules.choice("embedded", "aws", "memory"),
        default=DEFAULT_BACKEND,
        doc="`embedded` keeps all in one SQLite file, `aws` uses SQS, DynamoDB and SNS, `memory` keeps all in the "
        "process. Unset: `aws` when an `SQS_*_QUEUE_URL` is set, else `embedded`.",
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
        doc="A port for the standalone WebSocket server, beside the one that answers everything.",
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
        "may connect, and a server on a loopback address takes its host as its own.",
        when_unset="the host of each request",
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
        unit="seconds",
        doc="How long an HTTP connection without a request is kept. Longer than the idle time-out of the load balancer "
        "in front, which is 60 s for most: else it sends requests into connections that just close (502).",
    )
    admin_token: str | None = setting(
        "LINKHUB_ADMIN_TOKEN",
        rules.words,
        doc="The bearer token that statistics, metrics and the operator's figures ask for.",
        when_unset="they are open to all who reach the port",
        secret=True,
    )
    http_connections_per_address: int = setting(
        "LINKHUB_HTTP_CONNECTIONS_PER_ADDRESS",
        rules.whole(1),
        default=1_000,
        doc="How many connections of plain HTTP may come from one address, without those that answer event streams and "
        "long polls; never more than a quarter of the files that the process may open.",
    )
    http_requests_in_work: int = setting(
        "LINKHUB_HTTP_REQUESTS_IN_WORK",
        rules.whole(1, 10_000),
        default=16,
        doc="How many requests for pages are worked on at once; others wait for their turn, events and health do not.",
    )
    probe_timeout_seconds: float = setting(
        "LINKHUB_PROBE_TIMEOUT_SECONDS",
        rules.seconds(0.1, 60),
        default=2.0,
        unit="seconds",
        doc="How long `/readyz` waits for each queue and store.",
    )


@frozen(kw_only=True)
class Realtime:
    """What one connection may do"""

    max_frame_bytes: int = setting(
        "LINKHUB_MAX_FRAME_BYTES",
        rules.whole(1_024, 16_777_216),
        default=65_536,
        unit="bytes",
        doc="The longest message that a client may send.",
    )
    messages_per_minute: int = setting(
        "LINKHUB_MESSAGES_PER_MINUTE",
        rules.whole(1, 1_000_000),
        default=100,
        doc="How many messages a client may send in a minute.",
    )
    max_subscriptions: int = setting(
        "LINKHUB_MAX_SUBSCRIPTIONS",
        rules.whole(1, 100_000),
        default=50,
        doc="How many shops a connection may watch.",
    )
    max_connections_per_address: int = setting(
        "LINKHUB_MAX_CONNECTIONS_PER_ADDRESS",
        rules.whole(1),
        default=20_000,
        doc="How many connections may come from one client address; behind a proxy all come from the proxy's, unless "
        "`LINKHUB_TRUSTED_PROXIES` names it.",
    )
    max_unsent_bytes: int = setting(
        "LINKHUB_MAX_UNSENT_BYTES",
        rules.whole(65_536, 1_073_741_824),
        default=1_048_576,
        unit="bytes",
        doc="How much may wait for a slow reader before its connection is closed with 1013.",
    )
    max_polling_payload_bytes: int = setting(
        "LINKHUB_MAX_POLLING_PAYLOAD_BYTES",
        rules.whole(1_024, 1_073_741_824),
        default=1_000_000,
        unit="bytes",
        doc="The longest payload of HTTP long-polling, both ways.",
    )
    ping_interval_seconds: float = setting(
        "LINKHUB_PING_INTERVAL_SECONDS",
        rules.seconds(1, 600),
        default=25.0,
        unit="seconds",
        doc="How often a connection is asked whether it still lives.",
    )
    ping_timeout_seconds: float = setting(
        "LINKHUB_PING_TIMEOUT_SECONDS",
        rules.seconds(1, 600),
        default=20.0,
        unit="seconds",
        doc="How long the answer to that may take before the connection is closed.",
    )


@frozen(kw_only=True)
class Consuming:
    """How messages are taken from the queues, and what becomes of halves that wait"""

    batch_size: int = setting(
        "LINKHUB_BATCH_SIZE",
        rules.whole(1, 1_000),
        default=100,
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
        default=30.0,
        unit="seconds",
        doc="How long a message is hidden from others while one consumer works on it; renewed while work goes on.",
    )
    receive_wait_seconds: float = setting(
        "LINKHUB_RECEIVE_WAIT_SECONDS",
        rules.seconds(0, 20),
        default=1.0,
        unit="seconds",
        doc="How long one receive waits for the first message.",
    )
    max_receive_count: int = setting(
        "LINKHUB_MAX_RECEIVE_COUNT",
        rules.whole(1, 1_000),
        default=20,
        doc="How often a message is tried before it goes to the dead letters (with SQS the queue itself decides).",
    )
    staging_ttl_seconds: int = setting(
        "LINKHUB_STAGING_TTL_SECONDS",
        rules.whole(1, 365 * _DAY_SECONDS),
        default=_DAY_SECONDS,
        unit="seconds",
        doc="How long a half waits for its partner before a sweep removes it.",
    )
    sweep_interval_seconds: float = setting(
        "LINKHUB_SWEEP_INTERVAL_SECONDS",
        rules.seconds(1, _DAY_SECONDS),
        default=3_600.0,
        unit="seconds",
        doc="How often a consumer sweeps staging.",
    )
    drain_seconds: float = setting(
        "LINKHUB_DRAIN_SECONDS",
        rules.seconds(0, 600),
        default=8.0,
        unit="seconds",
        doc="How long a stopping process may take to finish what it has in hand.",
    )


@frozen(kw_only=True)
class Aws:
    """The AWS backend"""

    caption_queue_url: str | None = setting(
        "SQS_CAPTION_QUEUE_URL",
        rules.matching(_SQS_URL, "https://sqs.eu-west-1.amazonaws.com/123456789012/caption"),
        doc="The caption parser's output queue.",
        when_unset="needed by the aws backend",
        example="https://sqs.eu-west-1.amazonaws.com/123456789012/linkhub-caption",
    )
    thumbnail_queue_url: str | None = setting(
        "SQS_THUMBNAIL_QUEUE_URL",
        rules.matching(_SQS_URL, "https://sqs.eu-west-1.amazonaws.com/123456789012/thumbnail"),
        doc="The thumbnail generator's output queue.",
        when_unset="needed by the aws backend",
        example="https://sqs.eu-west-1.amazonaws.com/123456789012/linkhub-thumbnail",
    )
    products_table: str = setting(
        "DYNAMODB_PRODUCTS_TABLE",
        rules.matching(r"[A-Za-z0-9_.-]{3,255}", "linkhub-products: 3 to 255 letters, digits, '_', '.' and '-'"),
        default="linkhub-products",
        doc="The table of the products.",
    )
    staging_table: str = setting(
        "DYNAMODB_STAGING_TABLE",
        rules.matching(r"[A-Za-z0-9_.-]{3,255}", "linkhub-staging: 3 to 255 letters, digits, '_', '.' and '-'"),
        default="linkhub-staging",
        doc="The table in which halves wait.",
    )
    topic_arn: str | None = setting(
        "SNS_NEW_PRODUCT_TOPIC_ARN",
        rules.topic_arn,
        doc="The topic on which other nodes and services hear of products.",
        when_unset="news stays within the process that saved the product",
        example="arn:aws:sns:eu-west-1:123456789012:linkhub-new-product",
    )
    region: str | None = setting(
        "AWS_REGION",
        rules.matching(r"[a-z0-9-]{2,40}", "eu-west-1"),
        doc="The region, as in every AWS SDK.",
        when_unset="what the AWS SDK finds in its own configuration",
        example="eu-west-1",
    )
    endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL",
        rules.address,
        doc="Another address for all services, such as a local stand-in, as in every AWS SDK.",
        when_unset="what the AWS SDK finds in its own configuration, else AWS itself",
        example="http://localhost:4566",
    )
    dynamodb_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_DYNAMODB",
        rules.address,
        doc="Another address for DynamoDB alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:8000",
    )
    sqs_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_SQS",
        rules.address,
        doc="Another address for SQS alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:9324",
    )
    sns_endpoint_url: str | None = setting(
        "AWS_ENDPOINT_URL_SNS",
        rules.address,
        doc="Another address for SNS alone.",
        when_unset="`AWS_ENDPOINT_URL`",
        example="http://localhost:4566",
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
    """All settings, by subject."""

    storage: Storage = Factory(Storage)
    listener: Listener = Factory(Listener)
    consuming: Consuming = Factory(Consuming)
    realtime: Realtime = Factory(Realtime)
    aws: Aws = Factory(Aws)
    logs: Logs = Factory(Logs)


def load_settings(
    overrides: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Loaded[Settings]:
    """Read the settings: defaults, then the file, then the environment, then the command line; the last one wins.

    Args:
        overrides: texts by variable, as the command line gives them.
        env_file: a file of ``NAME=value`` lines, or none.
        environment: the variables to read in place of those of the process. Without it, variables of the AWS SDK that
            the file sets and the process does not are put into the environment of the process.

    Returns:
        The settings, where each came from, and warnings.

    Raises:
        SettingsFaulty: with every fault.
    """
    sources: list[Source] = [
        Source("environment", dict(os.environ) if environment is None else environment),
        Source("command line", overrides or {}),
    ]
    if env_file is not None:
        file = read_env_file(env_file)
        sources.insert(0, file)
        if environment is None:
            _export_sdk_variables(file)
    inferred = inferred_backend(sources)
    if inferred is not None:
        sources.insert(0, inferred)
    loaded = load(Settings, sources, contradictions=partial(_contradictions, inferred=inferred))
    ignored = ignored_settings(loaded.effective, _AWS_VARIABLES)
    return evolve(loaded, warnings=[*loaded.warnings, *ignored])


def _export_sdk_variables(file: Source) -> None:
    """Put the file's variables of the AWS SDK (credentials, profile, addresses) where the SDK reads them."""
    for name, text in file.texts.items():
        if name.startswith("AWS_") and text.strip() and not os.environ.get(name, "").strip():
            os.environ[name] = text


_AWS_VARIABLES = frozenset(facts_of(option).variable for option in deep_options(Aws))


def _contradictions(settings: Settings, *, inferred: Source | None) -> Iterator[SettingFault]:
    """Faults between settings that are each valid."""
    aws, listener = settings.aws, settings.listener
    if settings.storage.backend == "aws":
        why = f" (in use because {inferred.name})" if inferred else ""
        instead = f", or set {BACKEND} to another backend" if inferred else ""
        for variable, value in (
            ("SQS_CAPTION_QUEUE_URL", aws.caption_queue_url),
            ("SQS_THUMBNAIL_QUEUE_URL", aws.thumbnail_queue_url),
        ):
            if value is None:
                yield SettingFault(
                    variable,
                    f"is needed by the aws backend{why}: set it to the URL of the queue{instead}",
                    beside=BACKEND,
                )
        if aws.caption_queue_url is not None and aws.caption_queue_url == aws.thumbnail_queue_url:
            problem = "is the same as SQS_CAPTION_QUEUE_URL: each kind has its own queue"
            yield SettingFault("SQS_THUMBNAIL_QUEUE_URL", problem, beside="SQS_CAPTION_QUEUE_URL")
    if listener.ws_port and listener.ws_port == listener.port:
        problem = "is the same as LINKHUB_PORT: give it another port, or unset it"
        yield SettingFault("LINKHUB_WS_PORT", problem, beside="LINKHUB_PORT")

"""Draws the reference from the code at build time: a page names a piece as ``{{ settings }}``, alone on a line.

A name that is not known fails the build, so that no page can promise what is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click
import event_tables
from attrs import asdict
from prometheus_client import Counter, Histogram
from prometheus_client.core import Metric

from linkhub_adapters.http.api import openapi
from linkhub_adapters.observability import CloudUsage, Figures, Metrics
from linkhub_adapters.realtime import Counters, asyncapi
from linkhub_cli.main import program
from linkhub_cli.settings import reference as settings_reference
from linkhub_core.testing.fakes import FakeClock

_PIECE = re.compile(r"^\{\{ (\w+) \}\}$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each placeholder by its piece."""
    return _PIECE.sub(lambda found: _PIECES[found.group(1)](), markdown)


def commands() -> str:
    """The help of every command, as it would be printed."""
    return "\n".join(_helps(program, click.Context(program, info_name="linkhub"), 2))


def _helps(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield f"{'#' * level} `{context.command_path}`\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (inner := command.get_command(context, name)) is not None:
                yield from _helps(inner, click.Context(inner, info_name=name, parent=context), min(level + 1, 4))


def metrics() -> str:
    """Every metric with its labels and meaning, from a registry that has seen one of each."""
    now = FakeClock().now()
    exposed = Metrics(
        take_figures=lambda: Figures(taken_at=now, queued={"caption": 0}, staged=0, dead_letters=0),
        take_realtime=lambda: {
            **asdict(Counters()),
            "refused": {"origin": 0},
            "connections": {"websocket": 0},
            "subscriptions": 0,
        },
        take_http=lambda: {
            "page_reads": {"kept": 0},
            "kept_page_bytes": 0,
            "cut": {"stalled": 0},
            "requests": {"in_work": 0},
        },
        take_usage=lambda: CloudUsage(
            calls={("SQS", "receive_message"): 0},
            retries={("SQS", "receive_message"): 0},
            failures={("SQS", "ThrottlingException"): 0},
            units={("linkhub-products", "read"): 0},
        ),
    )
    labels = _labels_of_instruments(exposed)
    rows = [_metric_row(metric, labels) for metric in exposed.registry.collect()]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *sorted(rows)])


def _metric_row(metric: Metric, labels: Mapping[str, Sequence[str]]) -> str:
    suffix = "_total" if metric.type == "counter" else ""
    names = ", ".join(f"`{label}`" for label in labels.get(metric.name, _sample_labels(metric)))
    return f"| `{metric.name}{suffix}` | {metric.type} | {names} | {metric.documentation} |"


def _labels_of_instruments(exposed: Metrics) -> Mapping[str, Sequence[str]]:
    """The labels of counters and histograms, by metric; one that has seen nothing yet has no sample to tell them."""
    values = vars(exposed).values()
    instruments = [value for value in values if isinstance(value, (Counter, Histogram))]
    return {each._name: each._labelnames for each in instruments}  # noqa: SLF001  the library has no public access to them


def _sample_labels(metric: Metric) -> Sequence[str]:
    return tuple(metric.samples[0].labels) if metric.samples else ()


def rest() -> str:
    """Each route of the OpenAPI document: what it answers, and to which parameters."""
    document = openapi.describe(asyncapi.openapi_paths())
    return "\n".join(line for path, item in document["paths"].items() for line in _route(path, item, document))


def _route(path: str, item: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    for method, operation in item.items():
        if method not in {"get", "post", "put", "patch"}:
            continue
        yield f"### `{method.upper()} {path}`\n\n{operation.get('description') or operation['summary']}\n"
        parameters = [_resolved(parameter, document) for parameter in operation.get("parameters", [])]
        if parameters:
            yield "| parameter | in | meaning |\n|---|---|---|"
            yield from (f"| `{p['name']}` | {p['in']} | {p.get('description', '')} |" for p in parameters)
            yield ""
        yield "| status | meaning |\n|---|---|"
        yield from (
            f"| {status} | {_resolved(response, document)['description']} |"
            for status, response in operation["responses"].items()
        )
        yield ""


def _resolved(part: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    found = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


_PIECES: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "metrics": metrics,
    **event_tables.PIECES,
    "rest": rest,
    "settings": settings_reference.markdown,
}

"""The cost of an answer on the embedded file, beside a plain Starlette route over the same file.

Both servers run at the same time and are asked in turns, the same shops in the same order, over one keep-alive
connection each. CPU is the server's, all its threads, less what it uses while idle. Each figure is the median of the
rounds; its ratio is to the plain route of the same round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from attrs import frozen

from benchmarks.reads.http_client import Answer, HttpClient
from benchmarks.reads.products import a_product, write_products
from benchmarks.reads.server_process import ServerProcess, linkhub_server, plain_server

PRODUCTS_PER_SHOP = 21

PLAIN = "plain Starlette route"
FIRST, REPEATED, NOT_MODIFIED = "first read of a shop", "repeated read", "304"
NOTHING_NEW, ONE_PRODUCT = "since, nothing new", "one product"
RENDERED, HTML, HTML_NOT_MODIFIED = "HTML, rendered after the JSON", "HTML, repeated", "HTML, 304"
TARGETS: Mapping[str, float] = {FIRST: 1.5, REPEATED: 0.8, NOT_MODIFIED: 0.7, HTML: 0.8, HTML_NOT_MODIFIED: 0.7}

_Ask = Callable[[int], Answer]


@frozen
class _Asked:
    """A server, a connection to it, and the CPU seconds a second that it uses while idle."""

    server: ServerProcess
    client: HttpClient
    idle: float


@frozen(kw_only=True)
class Cost:
    """CPU milliseconds an answer, and their ratio to the plain route's in the same round."""

    cpu_ms: float
    ratio: float


def measure(*, rounds: int = 50, requests: int = 20) -> Mapping[str, Cost]:
    """Measure each kind of answer in turns: ``rounds`` times ``requests`` answers."""
    with TemporaryDirectory() as directory, ExitStack() as running:
        data_dir = Path(directory)
        _fill(data_dir, shops=(rounds + 1) * requests)
        plain, linkhub = (running.enter_context(start(data_dir)) for start in (plain_server, linkhub_server))
        idle = [server.idle_cpu_rate() for server in (plain, linkhub)]
        to_plain, to_linkhub = (
            _Asked(server, running.enter_context(HttpClient.connected(server.port)), rate)
            for server, rate in zip((plain, linkhub), idle, strict=True)
        )
        samples = [
            _round(to_plain, to_linkhub, range(number * requests, (number + 1) * requests))
            for number in range(rounds + 1)
        ][1:]  # the first one warms up
    return {
        name: Cost(
            cpu_ms=median(sample[name] for sample in samples) * 1000,
            ratio=median(sample[name] / sample[PLAIN] for sample in samples),
        )
        for name in samples[0]
    }


def _fill(data_dir: Path, shops: int) -> None:
    now = datetime.now(UTC)
    numbers = ((shop, place) for shop in range(shops) for place in range(PRODUCTS_PER_SHOP))
    write_products(data_dir, [a_product(place, _handle(shop), now) for shop, place in numbers])


def _handle(shop: int) -> str:
    return f"seller-{shop:05d}"


def _path(shop: int) -> str:
    return f"/api/v1/shop/{_handle(shop)}/products"


def _round(to_plain: _Asked, to_linkhub: _Asked, shops: Sequence[int]) -> Mapping[str, float]:
    """CPU seconds an answer by kind, each asked once of each of the shops."""
    tags: dict[int, str] = {}
    html_tags: dict[int, str] = {}
    video: dict[int, str] = {}

    def first(shop: int) -> Answer:
        answer = to_linkhub.client.get(_path(shop))
        tags[shop] = answer.headers["etag"]
        video[shop] = f"73012345{PRODUCTS_PER_SHOP - 1:011d}"
        return answer

    def html(shop: int) -> Answer:
        answer = to_linkhub.client.get(f"/shop/{_handle(shop)}")
        html_tags[shop] = answer.headers["etag"]
        return answer

    def html_again(shop: int) -> Answer:
        return to_linkhub.client.get(f"/shop/{_handle(shop)}", {"If-None-Match": html_tags[shop]})

    asked: Sequence[tuple[str, _Asked, _Ask, int]] = (
        (PLAIN, to_plain, lambda shop: to_plain.client.get(_path(shop)), 200),
        (FIRST, to_linkhub, first, 200),
        (REPEATED, to_linkhub, lambda shop: to_linkhub.client.get(_path(shop)), 200),
        (NOT_MODIFIED, to_linkhub, lambda shop: to_linkhub.client.get(_path(shop), {"If-None-Match": tags[shop]}), 304),
        (RENDERED, to_linkhub, html, 200),
        (HTML, to_linkhub, html, 200),
        (HTML_NOT_MODIFIED, to_linkhub, html_again, 304),
        (NOTHING_NEW, to_linkhub, lambda shop: to_linkhub.client.get(f"{_path(shop)}?since=2999-01-01T00:00:00Z"), 200),
        (ONE_PRODUCT, to_linkhub, lambda shop: to_linkhub.client.get(f"{_path(shop)}/{video[shop]}"), 200),
    )
    return {name: _cpu_seconds(of, ask, shops, status) for name, of, ask, status in asked}


def _cpu_seconds(asked: _Asked, ask: _Ask, shops: Sequence[int], status: int) -> float:
    began, before = time.monotonic(), asked.server.cpu_seconds()
    for shop in shops:
        answer = ask(shop)
        if answer.status != status:
            raise RuntimeError(f"{answer.status} instead of {status}: {answer.body[:200]!r}")
    seconds = time.monotonic() - began
    return (asked.server.cpu_seconds() - before - asked.idle * seconds) / len(shops)

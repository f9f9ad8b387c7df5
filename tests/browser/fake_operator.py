"""The operator's status of a linkhub that is busy in a believable way: one pretended second later at each request.

Seeded, so that every run draws the same charts. The shape is that of the pages' README. Dead letters,
timelines and the moment "seen" are those of the real desk, over a queue in memory.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import accumulate
from math import sin
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linkhub_adapters.http import OperatorAction
from linkhub_adapters.memory import MemoryEventQueue, MemoryProductStore
from linkhub_cli.operator.desk import Desk
from linkhub_cli.operator.status import stalled_document
from linkhub_core.model import Kind, ProductKey
from linkhub_core.ports import DeadLetterQuery, OutgoingMessage
from linkhub_core.testing.builders import a_half, a_waiting
from linkhub_core.testing.fakes import FakeClock, MemoryJournal
from tests.adapters.http.memory_desk import make_desk, reject
from tests.browser.samples import NOW

_BOUNDS_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 86_400.0, None)
_AGES_SECONDS = (60, 600, 3_600, 21_600, 86_400, None)
_OUTCOME_SHARES = {"staged": 0.48, "saved": 0.46, "known": 0.05, "rejected": 0.002, "released": 0, "expired": 0}
_SELLERS = (("nalu-fashion", 1204), ("kampala.kicks", 846), ("mama_prossy", 391), ("thrift-queen", 240),
            ("linen.lab", 118), ("beads.by.amara", 64), ("one-two-kids", 21))  # fmt: skip
REJECTED_BODY = (
    '{"video_id": "7368211940557311", "seller_handle": "thrift-queen", "title": "<b>Jeans</b>", "price": "45k", '
    '"sizes": "30, 32, 34", "tags": ["denim"], "timestamp": "yesterday"}'
)
_FTP_BODY = (
    '{"video_id": "7368211940557312", "seller_handle": "linen.lab", "timestamp": "2026-05-14T12:00:00Z", '
    '"thumbnails": [{"thumbnail_url": "ftp://cdn"}]}'
)
_REJECTED = (
    (Kind.THUMBNAIL, '{"video_id": "73682119'),
    (Kind.THUMBNAIL, _FTP_BODY),
    (Kind.CAPTION, REJECTED_BODY.replace("311", "313").replace("yesterday", "2026-05-14T12:00:00Z")),
    (Kind.CAPTION, REJECTED_BODY),
)


@attrs.define(kw_only=True)
class FakeOperator:
    """Counters that only grow, and gauges that wander."""

    admin_token: str | None = None
    status: int = 200
    second: int = 0
    overrides: dict[str, Any] = attrs.field(factory=dict)
    actions: list[OperatorAction] = attrs.field(factory=list)
    history: list[dict[str, Any]] = attrs.field(factory=list)
    clock: FakeClock = attrs.field(factory=lambda: FakeClock(present=NOW))
    queue: MemoryEventQueue = attrs.field()
    desk: Desk = attrs.field()
    _random: random.Random = attrs.field(factory=lambda: random.Random(7), init=False)
    _events: dict[tuple[str, str], float] = attrs.field(factory=dict, init=False)
    _buckets: list[int] = attrs.field(factory=lambda: [0] * len(_BOUNDS_SECONDS), init=False)
    _created: float = attrs.field(default=184_210.0, init=False)
    _waits: list[int] = attrs.field(factory=lambda: [0] * len(_BOUNDS_SECONDS), init=False)
    _on_screen: list[int] = attrs.field(factory=lambda: [0] * len(_BOUNDS_SECONDS), init=False)

    @queue.default
    def _queue(self) -> MemoryEventQueue:
        return MemoryEventQueue(clock=self.clock, receive_wait_seconds=0)

    @desk.default
    def _desk(self) -> Desk:
        return make_desk(self.queue, MemoryProductStore(), self.clock, MemoryJournal())

    async def fill(self) -> None:
        """Four dead letters, the newest with two faults."""
        for kind, body in _REJECTED:
            await self.reject(kind, body)
            self.clock.advance(1)

    async def reject(self, kind: Kind, body: str, **attributes: str) -> None:
        """One more dead letter."""
        await reject(self.queue, [OutgoingMessage(kind=kind, body=body, attributes=attributes)])

    async def stall(self, count: int) -> None:
        """So many halves wait, the oldest for almost a day; every third one for its caption."""
        for number in range(count):
            key = ProductKey(_SELLERS[number % len(_SELLERS)][0], str(7_368_211_940_557_400 + number))
            half = a_half(Kind.CAPTION if number % 3 else Kind.THUMBNAIL, key=key)
            since = self.clock.now() - timedelta(hours=23, minutes=40) / (number + 1)
            await self.desk.gauges.backend.staging.stage([a_waiting(half, since=since)])

    async def empty(self) -> None:
        """No dead letters."""
        await self.queue.purge([letter async for letter in self.queue.browse(DeadLetterQuery())])

    def live_an_hour(self) -> None:
        """Fill the history with the hour before."""
        self.second = -3_600
        while self.second < 0:
            self.advance(10)
            status = self.snapshot()
            events: dict[str, int] = {}
            for one in status["events"]:
                events[one["outcome"]] = events.get(one["outcome"], 0) + one["total"]
            self.history.append({
                "at": status["timestamp"],
                "run": f"{status['node']['id']} {status['node']['started_at']}",
                "events": events,
                "created": status["products"]["created_total"],
                "revised": status["products"]["revised_total"],
                "own": [bucket["count"] for bucket in status["own_latency_seconds"]["buckets"]],
                "partner": [bucket["count"] for bucket in status["partner_wait_seconds"]["buckets"]],
                "screen": [bucket["count"] for bucket in status["on_screen_seconds"]["buckets"]],
                "queues": {one["kind"]: one["messages"] for one in status["queues"]},
                "deliveries": status["realtime"]["deliveries_total"],
            })  # fmt: skip

    async def show_history(self, _: Request) -> Response:
        """Answers as `GET /api/v1/operator/history` does."""
        return JSONResponse(
            {"interval_seconds": 10, "latency_bounds_seconds": _BOUNDS_SECONDS, "samples": self.history}
        )

    async def respond(self, request: Request) -> Response:
        """Answers as `GET /api/v1/operator/status` does."""
        if self.admin_token and request.headers.get("authorization") != f"Bearer {self.admin_token}":
            return JSONResponse({"title": "token needed"}, 401, headers={"WWW-Authenticate": "Bearer"})
        if self.status != 200:
            return JSONResponse({"title": "asked for by the test"}, self.status)
        self.advance()
        self.clock.advance(1)
        await self.desk.gauges.refresh()
        return JSONResponse(self.snapshot() | self.overrides)

    def guarded(self, endpoint: Callable[[Request], Awaitable[Response]], *, only_reads: bool = False) -> Any:
        """The endpoint behind the guard of the operator's routes."""

        async def respond(request: Request) -> Response:
            if self.admin_token and request.headers.get("authorization") != f"Bearer {self.admin_token}":
                return JSONResponse({"title": "token needed"}, 401, headers={"WWW-Authenticate": "Bearer"})
            if self.admin_token is None and request.method not in ("GET", "HEAD") and not only_reads:
                return JSONResponse({"detail": "Set LINKHUB_ADMIN_TOKEN."}, 403)
            return await endpoint(request)

        return respond

    def advance(self, seconds: int = 1) -> None:
        """Lets some seconds pass."""
        self.second += seconds
        rate = 42 + 14 * sin(self.second / 23) + self._random.uniform(-5, 5) + (34 if 130 < self.second < 155 else 0)
        for kind in ("caption", "thumbnail"):
            for outcome, share in _OUTCOME_SHARES.items():
                key = (kind, outcome)
                grown = seconds * rate * share * self._random.uniform(0.85, 1.15)
                self._events[key] = self._events.get(key, 90_000 * share) + grown
        joined = int(rate * 0.9)
        self._created += joined * seconds
        slow = 3.0 if 130 < self.second < 155 or -1_300 < self.second < -1_200 else 1.0
        for _ in range(joined):
            _observe(self._buckets, self._random.lognormvariate(-3.1, 0.75) * slow)
            _observe(self._waits, self._random.lognormvariate(2.2, 0.9))
            _observe(self._on_screen, self._random.lognormvariate(-1.2, 0.6) * slow)

    def snapshot(self) -> dict[str, Any]:
        """The whole status as JSON values."""
        now = NOW + timedelta(seconds=self.second)
        return {
            "timestamp": _iso(now),
            "node": {"id": "node-a", "version": "0.1.0", "backend": "aws", "state": "ready",
                     "started_at": _iso(NOW - timedelta(days=3, hours=4))},
            "settings": {"staging_ttl_seconds": 86_400, "stall_seconds": 900.0},
            "events": [{"kind": kind, "outcome": outcome, "total": int(total)}
                       for (kind, outcome), total in self._events.items()],
            "deviations": [{"rule": "number_as_text", "caption": 12, "thumbnail": 40 + self.second},
                           {"rule": "primary_chosen", "caption": 0, "thumbnail": 7},
                           {"rule": "missing_as_null", "caption": 2, "thumbnail": 0}],
            "products": {"created_total": int(self._created), "revised_total": 412,
                         "announced_total": int(self._created) + 412, "unannounced": 0},
            "own_latency_seconds": _histogram(self._buckets),
            "partner_wait_seconds": _histogram(self._waits),
            "on_screen_seconds": _histogram(self._on_screen),
            "queues": [{"kind": "caption", "messages": int(9 + 8 * sin(self.second / 9))},
                       {"kind": "thumbnail", "messages": int(4 + 3 * sin(self.second / 7))}],
            "staging": self._staging(),
            "stalled": stalled_document(stalled) if (stalled := self.desk.gauges.stalled) else None,
            "dead_letters": self._dead_letters(),
            "seen": self._seen(),
            "realtime": self._realtime(),
            "nodes": [
                {"id": "node-a", "role": "serve", "started_at": _iso(NOW - timedelta(days=3, hours=4)),
                 "last_seen_at": _iso(now), "connections": 1902},
                {"id": "node-b", "role": "serve", "started_at": _iso(NOW - timedelta(hours=7)),
                 "last_seen_at": _iso(now - timedelta(seconds=2)), "connections": 982},
                {"id": "worker-1", "role": "consume", "started_at": _iso(NOW - timedelta(hours=7)),
                 "last_seen_at": _iso(now - timedelta(seconds=1)), "connections": None},
            ],
        }  # fmt: skip

    def _staging(self) -> dict[str, Any]:
        counts = (int(31 + 12 * sin(self.second / 17)), 18, 9, 4, 2, 0)
        return {
            "count": sum(counts),
            "oldest_age_seconds": 71_220.0,
            "by_age": [{"up_to_seconds": age, "caption": max(0, count - 2), "thumbnail": min(2, count)}
                       for age, count in zip(_AGES_SECONDS, counts, strict=True)],
            "expired_total": 17,
        }  # fmt: skip

    def _dead_letters(self) -> dict[str, Any]:
        gauges = self.desk.gauges
        letters, total = gauges.letters, gauges.figures.dead_letters if gauges.figures else 0
        newest_at = letters.newest_at if letters else None
        return {
            "total": total,
            "unseen": gauges.unseen_letters or 0,
            "newest_at": _iso(newest_at) if newest_at else None,
            "is_read": True,
            "by_reason": [],
        }

    def _seen(self) -> dict[str, Any]:
        value = self.desk.gauges.seen.value
        return {"at": _iso(value.at) if value else None, "is_shared": True, "known_until": _iso(self.clock.now())}

    def _realtime(self) -> dict[str, Any]:
        wave = int(20 * sin(self.second / 31))
        sellers = [{"seller_handle": handle, "subscriptions": count + wave} for handle, count in _SELLERS]
        connections = sum(count + wave for _, count in _SELLERS)
        return {
            "connections": connections,
            "subscriptions": connections,
            "deliveries_total": int(self._created * 310),
            "slow_readers_closed_total": 3,
            "by_transport": [{"transport": "socket.io websocket", "connections": connections - 420},
                             {"transport": "websocket", "connections": 310},
                             {"transport": "socket.io polling", "connections": 88},
                             {"transport": "sse", "connections": 22}],
            "sellers": sellers,
        }  # fmt: skip


def _observe(buckets: list[int], seconds: float) -> None:
    for index, bound in enumerate(_BOUNDS_SECONDS):
        if bound is None or seconds <= bound:
            buckets[index] += 1
            return


def _histogram(buckets: list[int]) -> dict[str, Any]:
    counts = accumulate(buckets)
    return {"buckets": [{"le": bound, "count": count} for bound, count in zip(_BOUNDS_SECONDS, counts, strict=True)]}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

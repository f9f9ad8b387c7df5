"""The operator's status of a linkhub that is busy in a believable way: one pretended second later at each request.

Seeded, so that every run draws the same charts. The shape is that of the pages' README.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from math import sin
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.browser.samples import NOW

__all__ = ["FakeOperator"]

_BOUNDS_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 86_400.0, None)
_AGES_SECONDS = (60, 600, 3_600, 21_600, 86_400, None)
_OUTCOME_SHARES = {"staged": 0.48, "saved": 0.46, "known": 0.05, "rejected": 0.002, "released": 0, "expired": 0}
_SELLERS = (("nalu-fashion", 1204), ("kampala.kicks", 846), ("mama_prossy", 391), ("thrift-queen", 240),
            ("linen.lab", 118), ("beads.by.amara", 64), ("one-two-kids", 21))  # fmt: skip
_REJECTED_BODY = (
    '{"video_id": "7368211940557311", "seller_handle": "thrift-queen", "title": "<b>Jeans</b>", "price": "45k", '
    '"sizes": "30, 32, 34", "tags": ["denim"], "timestamp": "yesterday"}'
)


@attrs.define(kw_only=True)
class FakeOperator:
    """Counters that only grow, and gauges that wander."""

    admin_token: str | None = None
    status: int = 200
    second: int = 0
    overrides: dict[str, Any] = attrs.field(factory=dict)
    _random: random.Random = attrs.field(factory=lambda: random.Random(7), init=False)
    _events: dict[tuple[str, str], float] = attrs.field(factory=dict, init=False)
    _buckets: list[int] = attrs.field(factory=lambda: [0] * len(_BOUNDS_SECONDS), init=False)
    _created: float = attrs.field(default=184_210.0, init=False)
    _rejected: int = attrs.field(default=4, init=False)

    async def respond(self, request: Request) -> Response:
        """Answers as `GET /api/v1/operator/status` does."""
        if self.admin_token and request.headers.get("authorization") != f"Bearer {self.admin_token}":
            return JSONResponse({"title": "token needed"}, 401, headers={"WWW-Authenticate": "Bearer"})
        if self.status != 200:
            return JSONResponse({"title": "asked for by the test"}, self.status)
        self.advance()
        return JSONResponse(self.snapshot() | self.overrides)

    def advance(self) -> None:
        """Lets one second pass."""
        self.second += 1
        rate = 42 + 14 * sin(self.second / 23) + self._random.uniform(-5, 5) + (34 if 130 < self.second < 155 else 0)
        for kind in ("caption", "thumbnail"):
            for outcome, share in _OUTCOME_SHARES.items():
                key = (kind, outcome)
                grown = rate * share * self._random.uniform(0.85, 1.15)
                self._events[key] = self._events.get(key, 90_000 * share) + grown
        joined = int(rate * 0.9)
        self._created += joined
        self._rejected += self.second % 41 == 0
        slow = 3.0 if 130 < self.second < 155 else 1.0
        for _ in range(joined):
            self._observe(self._random.lognormvariate(-3.1, 0.75) * slow)

    def snapshot(self) -> dict[str, Any]:
        """The whole status as JSON values."""
        now = NOW + timedelta(seconds=self.second)
        return {
            "timestamp": _iso(now),
            "node": {"id": "node-a", "version": "0.1.0", "backend": "aws", "state": "ready",
                     "started_at": _iso(NOW - timedelta(days=3, hours=4))},
            "settings": {"staging_ttl_seconds": 86_400},
            "events": [{"kind": kind, "outcome": outcome, "total": int(total)}
                       for (kind, outcome), total in self._events.items()],
            "deviations": [{"rule": "number_as_text", "caption": 12, "thumbnail": 40 + self.second},
                           {"rule": "primary_chosen", "caption": 0, "thumbnail": 7},
                           {"rule": "missing_as_null", "caption": 2, "thumbnail": 0}],
            "products": {"created_total": int(self._created), "revised_total": 412,
                         "announced_total": int(self._created) + 412, "unannounced": 0},
            "latency_seconds": {"buckets": [{"le": bound, "count": sum(self._buckets[: index + 1])}
                                            for index, bound in enumerate(_BOUNDS_SECONDS)]},
            "queues": [{"kind": "caption", "messages": int(9 + 8 * sin(self.second / 9))},
                       {"kind": "thumbnail", "messages": int(4 + 3 * sin(self.second / 7))}],
            "staging": self._staging(),
            "dead_letters": self._dead_letters(now),
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

    def _observe(self, seconds: float) -> None:
        for index, bound in enumerate(_BOUNDS_SECONDS):
            if bound is None or seconds <= bound:
                self._buckets[index] += 1
                return

    def _staging(self) -> dict[str, Any]:
        counts = (int(31 + 12 * sin(self.second / 17)), 18, 9, 4, 2, 0)
        return {
            "count": sum(counts),
            "oldest_age_seconds": 71_220.0,
            "by_age": [{"up_to_seconds": age, "caption": max(0, count - 2), "thumbnail": min(2, count)}
                       for age, count in zip(_AGES_SECONDS, counts, strict=True)],
            "expired_total": 17,
        }  # fmt: skip

    def _dead_letters(self, now: datetime) -> dict[str, Any]:
        return {
            "total": self._rejected,
            "by_reason": [
                {"reason": "price", "count": self._rejected - 2},
                {"reason": "body", "count": 1},
                {"reason": "thumbnails[].thumbnail_url", "count": 1},
            ],
            "latest": [
                _letter(self._rejected, "caption", now - timedelta(seconds=self.second % 41), _REJECTED_BODY,
                        {"price": "must be a number, not text", "timestamp": "must be an ISO 8601 moment"}),
                _letter(2, "thumbnail", NOW - timedelta(hours=2), '{"video_id": "73682119',
                        {"": "the body is not JSON: it ends within a text, at byte 1,204"}),
                _letter(1, "thumbnail", NOW - timedelta(hours=9), '{"thumbnails": [{"thumbnail_url": "ftp://cdn"}]}',
                        {"thumbnails[0].thumbnail_url": "must be http or https"}),
            ],
        }  # fmt: skip

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


def _letter(number: int, kind: str, rejected_at: datetime, body: str, faults: dict[str, str]) -> dict[str, Any]:
    return {
        "letter_id": f"letter-{number}",
        "kind": kind,
        "message_id": f"7f0c21aa-{number:04d}",
        "receive_count": 1,
        "rejected_at": _iso(rejected_at),
        "faults": [{"field": field, "problem": problem} for field, problem in faults.items()],
        "body": body,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

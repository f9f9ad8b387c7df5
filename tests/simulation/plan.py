"""What a seed decides beforehand: the messages, the processes, their clocks, and how bad the weather is.

Worlds are small on purpose (1 to 3 products, 3 to 12 messages, few timestamps): where little happens, it collides.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import orjson
from attrs import evolve, frozen

from linkhub_core.model import Kind, ProductKey

__all__ = ["BEGINNING", "HOUR", "Plan", "Posting", "Weather"]

BEGINNING = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
HOUR = 3600.0

_KEYS = (ProductKey("a", "v"), ProductKey("b", "v"), ProductKey("a", "w"))
_SERVICES = ("products", "staging", "notifier", "queue")
_MALFORMED = ("", "{", "[]", '{"title": NaN}', '{"video_id": "v", "seller_handle": "a", "title": "\\ud800"}')
_THUMBNAIL: Mapping[str, object] = {
    "thumbnail_url": "http://x",
    "thumbnail_s3_key": "",
    "frame_timestamp": 0,
    "frame_index": 0,
    "confidence_score": 0,
    "quality_score": 0,
    "is_primary": True,
}
_METADATA = {"video_duration": 0, "frames_analyzed": 0, "thumbnails_generated": 0, "processing_time_ms": 0}


@frozen(kw_only=True)
class Posting:
    """A message that a worker sends ``at_seconds``."""

    at_seconds: float
    kind: Kind
    body: str


@frozen(kw_only=True)
class Weather:
    """What goes wrong, and how often: each rate is a chance from 0 to 1 for every way over the wire.

    ``latency_seconds`` is the mean time of a way. ``outages`` are from when to when a service refuses every call.
    """

    latency_seconds: float
    crash_rate: float
    fault_rate: float
    hiccup_rate: float
    stall_rate: float
    copy_rate: float
    most_crashes: int
    outages: Mapping[str, tuple[float, float]]


@frozen(kw_only=True)
class Plan:
    """Everything that is drawn before a run. ``clocks`` are (seconds ahead, speed) in the order of the processes."""

    seed: int
    postings: Sequence[Posting]
    weather: Weather
    storm_seconds: float
    consumers: int
    sweeper_seconds: float | None
    clocks: Sequence[tuple[float, float]]
    batch_size: int
    max_in_flight: int
    visibility_seconds: float
    heartbeat_seconds: float
    max_receive_count: int
    staging_ttl: timedelta
    refused: ProductKey | None

    @classmethod
    def of(cls, seed: int) -> Plan:
        """The plan of a seed: one in four is a race."""
        chance = random.Random(seed)
        plan = cls._any(seed, chance)
        return plan._race(chance) if chance.random() < 0.25 else plan

    def _race(self, chance: random.Random) -> Plan:
        """One product, few messages in waves, one at a time, and nearly nothing in the way but the others.

        Nobody sweeps and nothing comes twice, so whatever a race leaves undone stays undone.
        """
        waves = [_event(chance, _KEYS[0]) for _ in range(chance.randint(3, 5))]
        weather = evolve(
            self.weather,
            crash_rate=chance.choice((0.0, 0.02)),
            fault_rate=0.0,
            stall_rate=0.0,
            copy_rate=0.0,
            outages={},
        )
        return evolve(
            self,
            postings=[Posting(at_seconds=chance.choice((0.0, 4.0, 4.0)), kind=kind, body=body) for kind, body in waves],
            weather=weather,
            storm_seconds=10.0,
            consumers=chance.randint(2, 4),
            sweeper_seconds=None,
            batch_size=chance.choice((1, 1, 2)),
            max_in_flight=1,
            visibility_seconds=30.0,
            max_receive_count=1_000_000,
            staging_ttl=timedelta(days=1),
            refused=None,
        )

    @classmethod
    def _any(cls, seed: int, chance: random.Random) -> Plan:
        keys = _KEYS[: chance.choice((1, 1, 1, 2, 3))]
        outages = _outages(chance)
        visibility_seconds = chance.choice((0.5, 2.0, 30.0, 30.0))
        return cls(
            seed=seed,
            postings=_postings(chance, keys),
            weather=_weather(chance, outages),
            storm_seconds=max(chance.uniform(3, 30), *(end for _, end in outages.values()), 0.0),
            consumers=chance.randint(2, 4),
            sweeper_seconds=chance.choice((None, None, None, 0.5, 5.0)),
            clocks=[_clock(chance) for _ in range(6)],
            batch_size=chance.choice((1, 1, 2, 3, 10)),
            max_in_flight=chance.choice((1, 2)),
            visibility_seconds=visibility_seconds,
            heartbeat_seconds=chance.choice((visibility_seconds / 3, HOUR)),
            max_receive_count=chance.choice((1_000_000, 1_000_000, 1_000_000, 4)),
            staging_ttl=timedelta(seconds=2) if chance.random() < 0.1 else timedelta(days=1),
            refused=chance.choice(keys) if chance.random() < 0.05 else None,
        )

    @property
    def expires(self) -> bool:
        """Whether halves may run out of time within the run."""
        return self.staging_ttl < timedelta(hours=12)


def _postings(chance: random.Random, keys: Sequence[ProductKey]) -> Sequence[Posting]:
    instants = _instants(chance)
    bodies = [_event(chance, chance.choice(keys)) for _ in range(chance.randint(3, 8))]
    if chance.random() < 0.3:
        bodies += [(chance.choice(tuple(Kind)), chance.choice(_MALFORMED)) for _ in range(chance.randint(1, 3))]
        kind, body = chance.choice(bodies)
        bodies.append((kind.partner, body))
    return [
        Posting(at_seconds=chance.choice(instants), kind=kind, body=body)
        for kind, body in chance.sample(bodies, len(bodies))
    ]


def _instants(chance: random.Random) -> Sequence[float]:
    """When messages come: scattered, all at once, or in waves, of which the later find what the earlier have left."""
    if chance.random() < 0.3:
        return [chance.uniform(0, 3) for _ in range(10)]
    return (0.0, 2.0, 4.0)[: chance.randint(1, 3)]


def _event(chance: random.Random, key: ProductKey) -> tuple[Kind, str]:
    """An event whose stamp and content are among few: copies and ties are common."""
    kind = chance.choice(tuple(Kind))
    stamp = {
        "video_id": key.video_id,
        "seller_handle": key.seller_handle,
        "timestamp": f"2026-01-15T11:00:0{chance.randint(0, 3)}Z",
    }
    return kind, orjson.dumps({**stamp, **_content(kind, chance.randint(0, 1))}).decode()


def _content(kind: Kind, variant: int) -> Mapping[str, object]:
    if kind is Kind.CAPTION:
        return {"title": "ab"[variant], "price": None, "sizes": None, "tags": []}
    thumbnail = {**_THUMBNAIL, "frame_index": variant}
    return {"thumbnails": [thumbnail], "primary_thumbnail": thumbnail, "processing_metadata": _METADATA}


def _outages(chance: random.Random) -> Mapping[str, tuple[float, float]]:
    outages = {}
    if chance.random() < 0.2:
        begin = chance.uniform(0, 5)
        outages[chance.choice(_SERVICES)] = (begin, begin + chance.uniform(1, 10))
    if chance.random() < 0.05:
        outages["notifier"] = (0.0, HOUR)
    return outages


def _weather(chance: random.Random, outages: Mapping[str, tuple[float, float]]) -> Weather:
    return Weather(
        latency_seconds=chance.choice((0.01, 0.05, 0.1)),
        crash_rate=chance.choice((0.0, 0.01, 0.03, 0.1)),
        fault_rate=chance.choice((0.0, 0.01, 0.05, 0.1)),
        hiccup_rate=chance.choice((0.0, 0.1, 0.2)),
        stall_rate=chance.choice((0.0, 0.0, 0.01, 0.05)),
        copy_rate=chance.choice((0.0, 0.0, 0.0, 0.1, 0.3)),
        most_crashes=chance.choice((1, 3, 10)),
        outages=outages,
    )


def _clock(chance: random.Random) -> tuple[float, float]:
    return chance.choice((0.0, 0.0, chance.uniform(-HOUR, HOUR))), chance.choice((1.0, 1.0, 0.0, -1.0))

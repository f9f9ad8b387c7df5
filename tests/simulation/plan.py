"""The plan that a seed gives: the messages, the processes, their clocks, and the faults.

Worlds are small on purpose (1 to 3 products, 3 to 12 messages, few timestamps): where little happens, it collides. A
plan is a value, so a failing one can be made smaller (:mod:`~tests.simulation.shrinking`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import orjson
from attrs import evolve, frozen

from linkhub_core.model import AS_PARSED, Availability, Kind, Listing, ListingChange, ProductKey

BEGINNING = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
HOUR = 3600.0

_KEYS = (ProductKey("a", "v"), ProductKey("b", "v"), ProductKey("a", "w"))
_CURSOR_KEYS = tuple(ProductKey("a", video_id) for video_id in "vwxyz")
_FOREIGN_KEY = ProductKey("c", "v")
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
_LISTING_CHANGES = (
    *[ListingChange(listing=Listing(availability=Availability.WITHDRAWN), fields=frozenset({"availability"}))] * 3,
    *[ListingChange(listing=AS_PARSED, fields=frozenset({"availability"}))] * 2,
    ListingChange(listing=Listing(availability=Availability.SOLD_OUT)),
    *[ListingChange(listing=Listing(title="b"), fields=frozenset({"title"}))] * 2,
    ListingChange(listing=AS_PARSED),
)
_METADATA = {"video_duration": 0, "frames_analyzed": 0, "thumbnails_generated": 0, "processing_time_ms": 0}
_STAMPS = [f"2026-01-15T11:00:0{second}Z" for second in range(4)]
_FEW_INSTANTS = (0.0, 2.0, 4.0)
_LATE_INSTANTS = (0.0, 2.0, 18.0, 21.0, 24.0, 40.0)


@frozen(kw_only=True)
class Publication:
    """A message that a worker sends ``at_seconds``."""

    at_seconds: float
    kind: Kind
    body: str


@frozen(kw_only=True)
class Deletion:
    """An operator deletes a product by hand."""

    at_seconds: float
    key: ProductKey


@frozen(kw_only=True)
class ListingCall:
    """An operator changes the listing of a product; after a failure the same call is made again, ``repeats`` times.

    ``clock`` is the number of the process's clock.
    """

    at_seconds: float
    key: ProductKey
    change: ListingChange
    clock: int = 0
    repeats: int = 0


@frozen(kw_only=True)
class ExportedProduct:
    """A product as another backend had it: the bodies of its events, and what it says of announcements there."""

    caption: str
    thumbnails: str
    revision: int
    is_owed: bool
    shown: bool
    availability: Availability | None = None


@frozen(kw_only=True)
class ImportCall:
    """An operator imports an export; after a failure it is imported again, until that succeeds."""

    at_seconds: float
    halves: Sequence[tuple[Kind, str]]
    products: Sequence[ExportedProduct]
    clock: int = 0


class Positions(StrEnum):
    """The kind of cursors of the store, in a plan with clients that keep the last cursor."""

    NUMBERS = "numbers"
    STAMPS = "stamps"


class UnreadableRow(StrEnum):
    """The table in which another program wrote a row that cannot be read."""

    PRODUCTS = "products"
    STAGING = "staging"


@frozen(kw_only=True)
class ForeignRow:
    """The row of another service: a product, or a staging row with one half or both."""

    key: ProductKey
    is_product: bool
    events: Sequence[tuple[Kind, str]]


@frozen
class ClockError:
    """A process's clock: ``ahead_seconds`` off, at a ``speed``; a negative speed runs backwards."""

    ahead_seconds: float = 0.0
    speed: float = 1.0


@frozen(kw_only=True)
class FaultRates:
    """The faults and their rates: each rate is a chance from 0 to 1 for every way over the wire.

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
    """Everything that is drawn before a run.

    ``clocks`` are those of the processes, in their order. ``stages_in_two_calls`` stages as DynamoDB's store does:
    a read, then a conditional write. ``redrives`` are moments at which an operator redrives dead letters.
    ``realtime`` is whether clients watch. ``vanishing`` removes expired rows, as a time to live does.
    ``refused`` is a product that the store never takes, ``spoilt`` one whose row cannot be read. ``foreign`` is a row
    of another service, and at ``adoptions`` an operator adopts it. With ``positions``, clients keep the last cursor.
    ``listings`` are the changes of listings, ``imports`` the imports of what another backend exported.
    """

    seed: int
    publications: Sequence[Publication]
    fault_rates: FaultRates
    fault_seconds: float
    consumers: int
    sweeper_seconds: float | None
    clocks: Sequence[ClockError]
    batch_size: int
    max_in_flight: int
    visibility_seconds: float
    heartbeat_seconds: float
    max_receive_count: int
    staging_ttl: timedelta
    stages_in_two_calls: bool = False
    vanishing: bool = False
    deletions: Sequence[Deletion] = ()
    redrives: Sequence[float] = ()
    realtime: bool = True
    refused: ProductKey | None = None
    unreadable_row: tuple[UnreadableRow, ProductKey] | None = None
    foreign: ForeignRow | None = None
    adoptions: Sequence[float] = ()
    positions: Positions | None = None
    listings: Sequence[ListingCall] = ()
    imports: Sequence[ImportCall] = ()

    @classmethod
    def of(cls, seed: int) -> Plan:
        """The plan of a seed: one in four is a race, one in eight is about halves that expire, one about lives."""
        chance = random.Random(seed)
        plan = cls._any(seed, chance)
        kind = chance.random()
        if kind < 0.25:
            plan = cls._race(plan, chance)
        elif kind < 0.375:
            plan = cls._expiry(plan, chance)
        elif kind < 0.5:
            plan = cls._recreations(plan, chance)
        plan = cls._after_another_service(plan, random.Random(f"another service of {seed}"))
        plan = cls._with_cursors(plan, random.Random(f"cursors of {seed}"))
        plan = cls._with_listings(plan, random.Random(f"listings of {seed}"))
        return cls._with_imports(plan, random.Random(f"imports of {seed}"))

    def _with_listings(self, chance: random.Random) -> Plan:
        """In one plan of five, operators change the listings of the products; their processes die, too.

        It is one plan of eight, because not all plans can have them.
        """
        taken = self.realtime or self.foreign or self.positions or self.deletions or self.refused or self.unreadable_row
        if taken or self.expires or chance.random() > 0.35:
            return self
        keys = sorted({ProductKey("a", "v"), *_keys_of(self.publications)})
        end = min(self.fault_seconds, 10.0)
        instants = sorted({publication.at_seconds for publication in self.publications})[-2:]
        return evolve(
            self,
            listings=[
                ListingCall(
                    at_seconds=chance.choice((chance.uniform(0.5, end), *instants)) + chance.uniform(0, 0.4),
                    key=chance.choice(keys),
                    change=chance.choice(_LISTING_CHANGES),
                    clock=chance.randrange(len(self.clocks)),
                    repeats=chance.choice((0, 1, 3)),
                )
                for _ in range(chance.randint(2, 6))
            ],
        )

    def _with_imports(self, chance: random.Random) -> Plan:
        """In one plan of ten, an operator imports what another backend made of some of the same events."""
        taken = self.foreign or self.positions or self.deletions or self.refused or self.unreadable_row
        if taken or self.expires or chance.random() > 0.3:
            return self
        keys = sorted({_KEYS[0], *_keys_of(self.publications)})
        end = min(self.fault_seconds, 8.0)
        return evolve(
            self,
            realtime=False,
            imports=[
                ImportCall(
                    at_seconds=chance.choice((chance.uniform(0, end), *_FEW_INSTANTS)) + chance.uniform(0, 0.3),
                    halves=[(kind, _any_body(chance, kind, chance.choice(keys))) for kind in Kind][
                        : chance.randint(0, 2)
                    ],
                    products=[_exported(chance, key) for key in chance.sample(keys, min(len(keys), 2))],
                    clock=chance.randrange(len(self.clocks)),
                )
                for _ in range(chance.choice((1, 1, 2)))
            ],
        )

    def _with_cursors(self, chance: random.Random) -> Plan:
        """In one plan of five, clients keep the last cursor while products of one shop change again and again.

        The clocks of stamped stores are wrong by up to a second. The time from the check of a stamp to the delivery of
        its event is bounded, as the margin of the stamps demands (:mod:`linkhub_core.model.change_stamps`).
        """
        if chance.random() > 0.2:
            return self
        positions = chance.choice(tuple(Positions))
        return evolve(
            self,
            positions=positions,
            realtime=False,
            publications=_bursts(chance),
            fault_rates=evolve(
                self.fault_rates,
                latency_seconds=chance.choice((0.02, 0.1)),
                hiccup_rate=0.1,
                copy_rate=0.0,
                crash_rate=chance.choice((0.0, 0.02, 0.05)),
                most_crashes=10,
                fault_rate=chance.choice((0.0, 0.02)),
                stall_rate=chance.choice((0.0, 0.01, 0.03)),
                outages={},
            ),
            fault_seconds=30.0,
            consumers=3,
            sweeper_seconds=chance.choice((None, 8.0)),
            visibility_seconds=chance.choice((2.0, 10.0)),
            batch_size=chance.choice((1, 1, 3)),
            max_in_flight=1,
            max_receive_count=1_000_000,
            staging_ttl=timedelta(days=1),
            vanishing=False,
            deletions=[Deletion(at_seconds=chance.uniform(3, 25), key=chance.choice(_CURSOR_KEYS)) for _ in range(3)]
            if chance.random() < 0.2
            else (),
            clocks=[ClockError() for _ in self.clocks],
            redrives=(),
            refused=None,
            unreadable_row=None,
            foreign=None,
            adoptions=(),
        )

    def _after_another_service(self, chance: random.Random) -> Plan:
        """In one world of six another service left a row, of the first product or of one that no message is about."""
        if self.expires or self.refused or self.unreadable_row or self.deletions or chance.random() > 0.3:
            return self
        is_product = chance.random() < 0.4
        kinds = tuple(Kind) if is_product else chance.choice(((Kind.CAPTION,), (Kind.THUMBNAIL,), *[tuple(Kind)] * 3))
        key = chance.choice((*[_KEYS[0]] * 3, _FOREIGN_KEY))
        events = [(kind, _body(kind, key, chance.choice(_STAMPS), chance.randint(0, 1))) for kind in kinds]
        return evolve(
            self,
            foreign=ForeignRow(key=key, is_product=is_product, events=events),
            adoptions=[chance.uniform(0, 6) for _ in range(chance.choice((0, 0, 1, 2)))],
        )

    def _race(self, chance: random.Random) -> Plan:
        """One product, few messages in waves, one at a time, and nearly nothing in the way but the others.

        No sweeper runs and nothing comes twice, so whatever a race leaves undone stays undone.
        """
        fault_rates = evolve(
            self.fault_rates,
            crash_rate=chance.choice((0.0, 0.02)),
            fault_rate=0.0,
            stall_rate=0.0,
            copy_rate=0.0,
            outages={},
        )
        return evolve(
            self,
            publications=_publications_of(chance, _KEYS[:1], chance.randint(3, 5), (0.0, 4.0, 4.0)),
            fault_rates=fault_rates,
            fault_seconds=10.0,
            consumers=chance.randint(2, 4),
            sweeper_seconds=None,
            batch_size=chance.choice((1, 1, 2)),
            max_in_flight=1,
            visibility_seconds=30.0,
            max_receive_count=1_000_000,
            staging_ttl=timedelta(days=1),
            deletions=_deletions(chance, _KEYS[:1], 0.2),
            redrives=(),
            refused=None,
            unreadable_row=None,
        )

    def _expiry(self, chance: random.Random) -> Plan:
        """Halves wait for 20 seconds; copies come before that and after it, beside sweepers that are in a hurry.

        Clocks are right to a second: how long a half waits would mean nothing else.
        """
        return evolve(
            self,
            publications=_publications_of(
                chance, _KEYS[: chance.choice((1, 1, 2))], chance.randint(3, 8), _LATE_INSTANTS
            ),
            fault_rates=evolve(self.fault_rates, outages={}, crash_rate=0.0, stall_rate=chance.choice((0.0, 0.05))),
            fault_seconds=60.0,
            sweeper_seconds=chance.choice((0.5, 2.0)),
            clocks=[ClockError(chance.uniform(-0.5, 0.5)) for _ in self.clocks],
            max_receive_count=1_000_000,
            staging_ttl=timedelta(seconds=20),
            stages_in_two_calls=chance.random() < 0.6,
            vanishing=chance.random() < 0.4,
            deletions=_deletions(chance, _KEYS[:1], 0.1),
            redrives=(),
            refused=None,
            unreadable_row=None,
        )

    def _recreations(self, chance: random.Random) -> Plan:
        """A product is deleted by hand and comes again with the same halves, while slow processes know the old one."""
        pair = [Publication(at_seconds=0.0, kind=kind, body=_body(kind, _KEYS[0], _STAMPS[0], 0)) for kind in Kind]
        again = [evolve(one, at_seconds=at_seconds) for at_seconds in (1.3, 2.6) for one in pair]
        kinds = chance.choices(tuple(Kind), k=chance.randint(1, 3))
        newer = [
            Publication(
                at_seconds=chance.choice((0.9, 1.0, 2.2, 2.3)),
                kind=kind,
                body=_body(kind, _KEYS[0], _STAMPS[number], 1),
            )
            for number, kind in enumerate(kinds, start=1)
        ]
        fault_rates = evolve(
            self.fault_rates,
            latency_seconds=chance.choice((0.02, 0.05)),
            fault_rate=0.0,
            crash_rate=0.0,
            hiccup_rate=0.2,
            stall_rate=0.0,
            copy_rate=0.0,
            outages={},
        )
        return evolve(
            self,
            publications=[*pair, *again, *newer],
            fault_rates=fault_rates,
            fault_seconds=8.0,
            consumers=chance.randint(3, 4),
            sweeper_seconds=chance.choice((None, 0.5)),
            batch_size=chance.choice((1, 2, 10)),
            visibility_seconds=30.0,
            max_receive_count=1_000_000,
            deletions=[Deletion(at_seconds=at + chance.uniform(-0.1, 0.05), key=_KEYS[0]) for at in (1.3, 2.6)],
            redrives=(),
            refused=None,
            unreadable_row=None,
        )

    @classmethod
    def _any(cls, seed: int, chance: random.Random) -> Plan:
        keys = _KEYS[: chance.choice((1, 1, 1, 2, 3))]
        outages = _outages(chance)
        visibility_seconds = chance.choice((0.5, 2.0, 30.0, 30.0))
        max_receive_count = chance.choice((1_000_000, 1_000_000, 4, 2))
        return cls(
            seed=seed,
            publications=_publications(chance, keys),
            fault_rates=_fault_rates(chance, outages),
            fault_seconds=max(chance.uniform(3, 30), *(end for _, end in outages.values()), 0.0),
            consumers=chance.randint(2, 4),
            sweeper_seconds=chance.choice((None, None, None, 0.5, 5.0)),
            clocks=[_clock(chance) for _ in range(6)],
            batch_size=chance.choice((1, 1, 2, 3, 10)),
            max_in_flight=chance.choice((1, 2)),
            visibility_seconds=visibility_seconds,
            heartbeat_seconds=chance.choice((visibility_seconds / 3, HOUR)),
            max_receive_count=max_receive_count,
            staging_ttl=timedelta(days=1),
            stages_in_two_calls=chance.random() < 0.3,
            realtime=chance.random() < 0.3,
            deletions=_deletions(chance, keys, 0.15),
            redrives=[chance.uniform(1, 20) for _ in range(3)] if max_receive_count < 5 else (),
            refused=chance.choice(keys) if chance.random() < 0.05 else None,
            unreadable_row=(chance.choice(tuple(UnreadableRow)), chance.choice(keys))
            if chance.random() < 0.1
            else None,
        )

    @property
    def expires(self) -> bool:
        """Whether halves may run out of time within the run."""
        return self.staging_ttl < timedelta(hours=12)

    def may_be_stored(self, key: ProductKey) -> bool:
        """Whether nothing keeps the halves of this product from being stored."""
        return key != self.refused and (self.unreadable_row is None or key != self.unreadable_row[1])


def _keys_of(publications: Sequence[Publication]) -> Sequence[ProductKey]:
    return [key for key in _KEYS if any(_names(key, publication) for publication in publications)]


def _names(key: ProductKey, publication: Publication) -> bool:
    return f'"video_id":"{key.video_id}","seller_handle":"{key.seller_handle}"' in publication.body


def _publications(chance: random.Random, keys: Sequence[ProductKey]) -> Sequence[Publication]:
    instants = _instants(chance)
    publications = _publications_of(chance, keys, chance.randint(3, 8), instants)
    if chance.random() < 0.3:
        bodies = [(chance.choice(tuple(Kind)), chance.choice(_MALFORMED)) for _ in range(chance.randint(1, 3))]
        misplaced = chance.choice(publications)
        bodies.append((misplaced.kind.partner, misplaced.body))
        publications += [Publication(at_seconds=chance.choice(instants), kind=kind, body=body) for kind, body in bodies]
    return chance.sample(publications, len(publications))


def _instants(chance: random.Random) -> Sequence[float]:
    """When messages come: scattered, all at once, or in waves, of which the later find what the earlier have left."""
    if chance.random() < 0.3:
        return [chance.uniform(0, 3) for _ in range(10)]
    return _FEW_INSTANTS[: chance.randint(1, 3)]


def _publications_of(
    chance: random.Random, keys: Sequence[ProductKey], count: int, instants: Sequence[float]
) -> list[Publication]:
    """Messages whose stamps and contents are among few, so that copies and ties are common.

    In one world of three, stamps lie about the sending: within its millisecond, ahead of it by seconds or by an hour;
    and a message may come again, word for word, later.
    """
    close = chance.random() < 0.35
    publications = [_publication(chance, chance.choice(keys), chance.choice(instants), close) for _ in range(count)]
    again = chance.sample(publications, min(len(publications), chance.choice((0, 0, 1, 2))))
    later = [evolve(one, at_seconds=one.at_seconds + chance.choice((0.5, 2.0, 18.5, 21.0))) for one in again]
    return publications + later


def _bursts(chance: random.Random) -> list[Publication]:
    """All products of a shop change at about the same time, two or three times over; some changes are invisible."""
    publications = []
    for number, at_seconds in enumerate(sorted(chance.uniform(0, 22) for _ in range(chance.choice((2, 3))))):
        for key in chance.sample(_CURSOR_KEYS, chance.randint(3, 5)):
            for kind in Kind if number == 0 else (chance.choice(tuple(Kind)),):
                body = _body(kind, key, _STAMPS[number], chance.randint(0, 1))
                publications.append(Publication(at_seconds=at_seconds + chance.uniform(0, 1), kind=kind, body=body))
    return publications


def _publication(chance: random.Random, key: ProductKey, at_seconds: float, close: bool) -> Publication:
    if not close:
        kind, body = _event(chance, key, None)
        return Publication(at_seconds=at_seconds, kind=kind, body=body)
    at_seconds += chance.choice((0.0, 0.0004, 0.0012))
    kind, body = _event(chance, key, at_seconds)
    return Publication(at_seconds=at_seconds, kind=kind, body=body)


def _event(chance: random.Random, key: ProductKey, sent_seconds: float | None) -> tuple[Kind, str]:
    kind = chance.choice(tuple(Kind))
    stamp = chance.choice(_STAMPS)
    if sent_seconds is not None:
        lead_seconds = chance.choice((-1.0, -0.0002, -0.0003, 0.0, 0.0003, 1.0, 30.0, HOUR))
        stamp = (BEGINNING + timedelta(seconds=sent_seconds + lead_seconds)).isoformat()
    return kind, _body(kind, key, stamp, chance.randint(0, 1))


def _any_body(chance: random.Random, kind: Kind, key: ProductKey) -> str:
    return _body(kind, key, chance.choice(_STAMPS), chance.randint(0, 1))


def _exported(chance: random.Random, key: ProductKey) -> ExportedProduct:
    return ExportedProduct(
        caption=_any_body(chance, Kind.CAPTION, key),
        thumbnails=_any_body(chance, Kind.THUMBNAIL, key),
        revision=chance.choice((1, 2, 6, 6)),
        is_owed=chance.random() < 0.5,
        shown=chance.random() < 0.5,
        availability=chance.choice((None, None, None, Availability.WITHDRAWN, Availability.SOLD_OUT)),
    )


def _body(kind: Kind, key: ProductKey, stamp: str, variant: int) -> str:
    document = {"video_id": key.video_id, "seller_handle": key.seller_handle, "timestamp": stamp}
    return orjson.dumps({**document, **_content(kind, variant)}).decode()


def _content(kind: Kind, variant: int) -> Mapping[str, object]:
    if kind is Kind.CAPTION:
        return {"title": "ab"[variant], "price": None, "sizes": None, "tags": []}
    thumbnail = {**_THUMBNAIL, "frame_index": variant}
    return {"thumbnails": [thumbnail], "primary_thumbnail": thumbnail, "processing_metadata": _METADATA}


def _deletions(chance: random.Random, keys: Sequence[ProductKey], rate: float) -> Sequence[Deletion]:
    if chance.random() >= rate:
        return ()
    return [Deletion(at_seconds=chance.uniform(0, 6), key=chance.choice(keys)) for _ in range(chance.randint(1, 3))]


def _outages(chance: random.Random) -> Mapping[str, tuple[float, float]]:
    outages = {}
    if chance.random() < 0.2:
        begin = chance.uniform(0, 5)
        outages[chance.choice(_SERVICES)] = (begin, begin + chance.uniform(1, 10))
    if chance.random() < 0.05:
        outages["notifier"] = (0.0, HOUR)
    return outages


def _fault_rates(chance: random.Random, outages: Mapping[str, tuple[float, float]]) -> FaultRates:
    return FaultRates(
        latency_seconds=chance.choice((0.01, 0.05, 0.1)),
        crash_rate=chance.choice((0.0, 0.01, 0.03, 0.1)),
        fault_rate=chance.choice((0.0, 0.01, 0.05, 0.1)),
        hiccup_rate=chance.choice((0.0, 0.1, 0.2)),
        stall_rate=chance.choice((0.0, 0.0, 0.01, 0.05)),
        copy_rate=chance.choice((0.0, 0.0, 0.0, 0.1, 0.3)),
        most_crashes=chance.choice((1, 3, 10)),
        outages=outages,
    )


def _clock(chance: random.Random) -> ClockError:
    return ClockError(chance.choice((0.0, 0.0, chance.uniform(-HOUR, HOUR))), chance.choice((1.0, 1.0, 0.0, -1.0)))

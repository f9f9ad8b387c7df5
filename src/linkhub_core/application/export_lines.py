"""The lines of a full export: JSON objects, one a line; ``type`` says what a line holds.

    type            holds
    --------------  --------------------------------------------------------------------------------------------------
    linkhub-export  the first line: ``format``, ``linkhub`` (its version), ``exported_at``, and ``queues``: whether the
                    technology could show the messages on its queues
    message         a message on a queue: ``kind``, ``body``, ``attributes``, ``message_id``, ``sent_at``,
                    ``receive_count``
    half            a half that waits: its key, ``kind``, ``version``, ``content``, ``correlation_id``,
                    ``traceparent``, ``notes``, ``waiting_since``, ``expires_at``
    product         ``product`` as readers see it, the ``listing`` on top of what was parsed, the versions,
                    ``revision``, ``unannounced_revision``, ``shown``; a withdrawn product is there, too
    dead_letter     a rejected message: that of a message, and ``faults``, ``rejected_at``, ``source_queue``
    end             the last line: ``counts`` of the lines of each type, and of rows that are ``unreadable``

Rule 1. A reader of format 1 ignores fields and types that it does not know. A change that makes a reader of format 1
        lose or misread something has another ``format``, and is refused by that number.
Rule 2. Moments are ISO 8601 in UTC. Prices are exact numbers.
Rule 3. Several exports may follow each other in one file. One that is cut, or has lines that cannot be read, does not
        keep the next one from being read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from attrs import define, field, frozen

from linkhub_core.errors import ExportCut, ExportRefused, ExportTooNew, Fault, MalformedEvent
from linkhub_core.model import Half, Kind, Note, Origin, ProductKey, ProductRecord, Version, WaitingHalf, rules
from linkhub_core.ports.dead_letters import DeadLetter
from linkhub_core.ports.video_lookup import QueuedMessage
from linkhub_core.wire.codec import content_from, decode_record, document_of, product_document, stored_listing
from linkhub_core.wire.json_text import dump, parse, parse_exactly

FORMAT: Final = 1
MAX_LINE_BYTES: Final = 16 * 1024 * 1024  # a body of 1 MiB, with every character escaped, has 6 MiB
HEADER: Final = "linkhub-export"
END: Final = "end"
_UNREAD: Final = ""  # of lines that show no type

Item = QueuedMessage | WaitingHalf | ProductRecord | DeadLetter
_INEXACT_FROM = 1e9  # see json_text.load_document
_MAX_COUNT = 2**53  # every reader of JSON, and every store, keeps it exact
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"


@frozen
class BadLine:
    """A line that cannot be read; it delays no other line."""

    line: int
    problem: str


# --- writing -----------------------------------------------------------------------------------------------------


def header_line(*, linkhub: str, exported_at: datetime, queues: bool) -> bytes:
    """The first line; ``linkhub`` is the version of the program."""
    fields = {"format": FORMAT, "linkhub": linkhub, "exported_at": _moment_text(exported_at), "queues": queues}
    return _line(HEADER, fields)


def end_line(counts: Mapping[str, int], unreadable: int) -> bytes:
    """The last line."""
    return _line(END, {"counts": dict(counts), "unreadable": unreadable})


def item_line(item: Item) -> bytes:
    """The line of one item; a row with both halves is two items (:attr:`~linkhub_core.model.WaitingHalf.apart`)."""
    name = type_of(item)
    return _line(name, _WRITERS[name](item))


def type_of(item: Item) -> str:
    """The ``type`` of an item's line."""
    return _TYPES[type(item)]


def _message(message: QueuedMessage | DeadLetter) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "kind": message.kind,
        "sent_at": _moment_text(message.sent_at),
        "receive_count": message.receive_count,
        "attributes": dict(message.attributes),
        "body": message.body,
    }


def _dead_letter(letter: DeadLetter) -> dict[str, Any]:
    faults = [{"field": one.field, "problem": one.problem, "of_store": one.of_store} for one in letter.faults]
    rejected = {"rejected_at": _moment_text(letter.rejected_at), "source_queue": letter.source_queue, "faults": faults}
    return {**rejected, **_message(letter)}


def _half(waiting: WaitingHalf) -> dict[str, Any]:
    half, origin = waiting.half, waiting.origin
    return {
        "seller_handle": half.key.seller_handle,
        "video_id": half.key.video_id,
        "kind": half.kind,
        "version": str(half.version),
        "waiting_since": _moment_text(waiting.waiting_since),
        "expires_at": _moment_text(waiting.expires_at),
        "correlation_id": origin.correlation_id,
        "traceparent": origin.traceparent,
        "notes": [[note.field, note.rule] for note in origin.notes],
        "content": document_of(half.content),
    }


def _product(record: ProductRecord) -> dict[str, Any]:
    return {
        "revision": record.revision,
        "unannounced_revision": record.unannounced_revision,
        "shown": record.shown,
        "caption_version": str(record.caption_version),
        "thumbnails_version": str(record.thumbnails_version),
        "listing": stored_listing(record),
        "product": product_document(record),
    }


_TYPES: Mapping[type[Item], str] = {
    QueuedMessage: "message",
    WaitingHalf: "half",
    ProductRecord: "product",
    DeadLetter: "dead_letter",
}
_WRITERS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "message": _message,
    "half": _half,
    "product": _product,
    "dead_letter": _dead_letter,
}


def _line(name: str, fields: Mapping[str, Any]) -> bytes:
    document = {"type": name, **fields}
    try:
        return dump(document) + b"\n"
    except TypeError:  # a lone surrogate, which only an escape carries; a price becomes text, which is read as a number
        return json.dumps(document, separators=(",", ":"), default=str).encode() + b"\n"


def _moment_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# --- reading -----------------------------------------------------------------------------------------------------


@define(eq=False)
class ExportReader:
    """Reads the lines of exports in their order.

    Attributes:
        header: that of the export that is being read.
        line: the number of lines that were read.
        left_out: the rows that could not be read where the exports were made, by their last lines.
    """

    header: Mapping[str, Any] | None = field(default=None, init=False)
    line: int = field(default=0, init=False)
    left_out: int = field(default=0, init=False)
    _counts: Counter[str] = field(factory=Counter, init=False)
    _has_begun: bool = field(default=False, init=False)
    _cut: ExportCut | None = field(default=None, init=False)

    def read(self, line: bytes) -> Item | BadLine | None:
        """Read the next line.

        Returns:
            The item; None for a line without one, such as the header, a blank line or a type of a later linkhub.

        Raises:
            ExportRefused: the line before the first item is not the header of an export.
            ExportTooNew: the format is a later one.
        """
        self.line += 1
        if self.header is None:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line.strip():
            return None
        try:
            document = _parsed(line)
        except MalformedEvent as broken:
            if not self._has_begun:
                problem = "it is compressed with gzip" if line.startswith(_GZIP) else str(broken)
                raise ExportRefused(self.line, f"this is not an export: {problem}") from broken
            self._counts[_UNREAD] += 1
            return BadLine(self.line, str(broken))
        name = document.get("type")
        if self.header is None or name == HEADER:
            self._begin(name, document)
            return None
        if name == END:
            self._end(document)
            return None
        return self._item(str(name), document, line) if name in _READERS else None

    def finish(self) -> None:
        """Check that each export was whole.

        Raises:
            ExportRefused: there was no line.
            ExportCut: of the first one that was not, its last line is missing or counts other lines than there were.
        """
        if self.line == 0:
            raise ExportRefused(1, "this is not an export: it is empty")
        if self.header is not None:
            self._note_cut("the export ends here without its last line, so it is not whole")
        if self._cut is not None:
            raise self._cut

    def _note_cut(self, problem: str) -> None:
        self._cut = self._cut or ExportCut(self.line, problem)

    def _begin(self, name: object, document: Mapping[str, Any]) -> None:
        version = document.get("format")
        if name != HEADER or type(version) is not int:
            raise ExportRefused(self.line, "this is not the first line of a full export")
        if version > FORMAT:
            made_by = document.get("linkhub", "a later one")
            problem = f"its format is {version}, made by linkhub {made_by}; this linkhub reads up to format {FORMAT}"
            raise ExportTooNew(self.line, problem)
        if self.header is not None:
            self._note_cut("another export begins here, and the one before has no last line, so it is not whole")
        self.header = document
        self._has_begun = True
        self._counts.clear()

    def _end(self, document: Mapping[str, Any]) -> None:
        self.header = None
        unreadable, counted = document.get("unreadable"), document.get("counts")
        self.left_out += unreadable if type(unreadable) is int else 0
        missing = [
            (name, self._counts[name], count)
            for name, count in (counted if isinstance(counted, dict) else {}).items()
            if name in _READERS and count != self._counts[name]
        ]
        lacking = [count - found if type(count) is int else 0 for _, found, count in missing]
        if sum(lacking) == self._counts[_UNREAD] and all(number > 0 for number in lacking):
            return  # the lines that could not be read are named already
        for name, found, count in missing:
            self._note_cut(f"the export has {found} lines of type {name}, and its last line counts {count}")

    def _item(self, name: str, document: Mapping[str, Any], line: bytes) -> Item | BadLine:
        self._counts[name] += 1
        try:
            return _READERS[name](document, line)
        except (MalformedEvent, ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as broken:
            return BadLine(self.line, f"the {name.replace('_', ' ')} cannot be read: {_reason(broken)}")


def _reason(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _parsed(line: bytes) -> dict[str, Any]:
    if len(line) >= MAX_LINE_BYTES:
        raise MalformedEvent([Fault("", f"the line is longer than {MAX_LINE_BYTES >> 20} MiB")])
    try:
        document = parse(line.decode())
    except UnicodeDecodeError:
        raise MalformedEvent([Fault("", "the line is not UTF-8")]) from None
    if not isinstance(document, dict):
        raise MalformedEvent([Fault("", "the line is not a JSON object")])
    return document


def _read_message(document: Mapping[str, Any], _line: bytes) -> QueuedMessage:
    sent_at = _moment(document["sent_at"])
    return QueuedMessage(kind=Kind(document["kind"]), visible_at=sent_at, **_common(document), sent_at=sent_at)


def _common(document: Mapping[str, Any]) -> dict[str, Any]:
    attributes = document["attributes"]
    return {
        "body": _text(document["body"]),
        "message_id": _text(document["message_id"]),
        "receive_count": _count(document["receive_count"]),
        "attributes": {_text(name): _text(value) for name, value in attributes.items()},
    }


def _read_dead_letter(document: Mapping[str, Any], _line: bytes) -> DeadLetter:
    kind = document["kind"]
    return DeadLetter(
        letter_id="",
        kind=None if kind is None else Kind(kind),
        faults=tuple(
            Fault(_text(one["field"]), _text(one["problem"]), of_store=bool(one.get("of_store")))
            for one in document["faults"]
        ),
        sent_at=_moment(document["sent_at"]),
        rejected_at=_moment(document["rejected_at"]),
        source_queue=_text(document.get("source_queue", "")),
        **_common(document),
    )


def _read_half(document: Mapping[str, Any], line: bytes) -> WaitingHalf:
    if _is_inexact(document["content"]):
        document = _exactly(line)
    kind = Kind(document["kind"])
    traceparent = document.get("traceparent")
    return WaitingHalf(
        half=Half(
            key=ProductKey(document["seller_handle"], document["video_id"]),
            version=Version.parse(document["version"]),
            content=content_from(kind, document["content"]),
        ),
        origin=Origin(
            correlation_id=_sound(document["correlation_id"]),
            traceparent=None if traceparent is None else _sound(traceparent),
            notes=_notes(document.get("notes", ())),
        ),
        waiting_since=_moment(document["waiting_since"]),
        expires_at=_moment(document["expires_at"]),
    )


def _notes(pairs: Sequence[Sequence[object]]) -> tuple[Note, ...]:
    return tuple(Note(_sound(where), _sound(rule)) for where, rule in pairs)


def _read_product(document: Mapping[str, Any], line: bytes) -> ProductRecord:
    listing = document.get("listing")
    if listing is not None or _is_inexact(document["product"]):
        document = _exactly(line)
    owed = document.get("unannounced_revision")
    return decode_record(
        document["product"],
        caption_version=document["caption_version"],
        thumbnails_version=document["thumbnails_version"],
        revision=_count(document["revision"]),
        unannounced_revision=None if owed is None else _count(owed),
        shown=bool(document.get("shown")),
        listing=document.get("listing"),
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any], bytes], Item]] = {
    "message": _read_message,
    "half": _read_half,
    "product": _read_product,
    "dead_letter": _read_dead_letter,
}


def _is_inexact(content: Mapping[str, Any]) -> bool:
    """Whether the fast parser may have lost a digit of the price."""
    price = content.get("price")
    return isinstance(price, float) and price >= _INEXACT_FROM


def _exactly(line: bytes) -> dict[str, Any]:
    document: dict[str, Any] = parse_exactly(line.decode())
    return document


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{rules.kind_of(value)} where text belongs")  # noqa: TRY004  as of the model
    return value


def _sound(value: object) -> str:
    """A text that only describes; half a surrogate pair, which no store keeps, becomes ``?``."""
    return _text(value).encode("utf-8", "replace").decode()


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise ValueError(f"{value!r} is no count")
    return value


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(_text(text))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return moment.astimezone(UTC)

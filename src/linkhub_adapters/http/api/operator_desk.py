"""The routes by which an operator acts: dead letters, the timeline of a video, and the moment "seen".

| request                              | answer                                                                       |
|--------------------------------------|------------------------------------------------------------------------------|
| ``GET .../history``                  | the last hour of figures, for the charts                                     |
| ``PUT .../seen``                     | moves the moment from which the verdict counts                               |
| ``GET .../dead-letters``             | a page of dead letters, newest first, and all of them by reason              |
| ``GET .../dead-letters/{letterId}``  | one in full                                                                  |
| ``POST .../dead-letters/check``      | the result of intake for a body; changes nothing                             |
| ``POST .../dead-letters/redrive``    | puts back on their queues, one with another body                             |
| ``POST .../dead-letters/purge``      | deletes                                                                      |
| ``GET .../stalled``                  | the halves that have waited long, read now                                   |
| ``GET .../why``                      | the timelines of a video                                                     |

``redrive`` and ``purge`` change nothing unless ``dry_run`` is false: they answer what they would do. Each of them, and
``seen``, is reported as an :class:`OperatorAction`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from attrs import field, frozen
from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api import problems
from linkhub_adapters.http.api.products import once
from linkhub_adapters.http.api.responses import JsonResponse, read_text
from linkhub_core.errors import Fault, InvalidQuery, MalformedEvent
from linkhub_core.model import Kind
from linkhub_core.wire import json_text

MAX_BODY_BYTES: Final = 2 * 1024 * 1024  # a body of 1 MiB as JSON text
MAX_LETTERS: Final = 200
MAX_IDS: Final = 10_000
UNKNOWN_QUEUE: Final = "unknown"

_UNCACHED: Final = {"cache-control": "no-store"}
_KINDS: Final = tuple(kind.value for kind in Kind)
_QUEUES: Final = (*_KINDS, UNKNOWN_QUEUE)


AddressOf = Callable[[Request], str]
"""The address of a request's client, as the access policy finds it."""


@frozen(kw_only=True)
class LetterChoice:
    """The dead letters of a request: the named ones, or those of a queue whose reason holds a text.

    Attributes:
        letter_ids: the named ones; None: all that the other fields allow.
        queue: a kind, or ``unknown``.
        reason: a text in their reason.
        group: their reason without details, exactly.
        assumed_kind: the kind of those that came from no known queue.
        force: also those that would be rejected again.
        body: another body for the only named letter.
        dry_run: change nothing.
    """

    letter_ids: Sequence[str] | None = None
    queue: str | None = None
    reason: str | None = None
    group: str | None = None
    assumed_kind: Kind | None = None
    force: bool = False
    body: str | None = None
    dry_run: bool = True


@frozen(kw_only=True)
class LetterQuery:
    """A page of the list: at most ``limit`` letters after the cursor ``after`` of the page before."""

    queue: str | None = None
    reason: str | None = None
    group: str | None = None
    after: str | None = None
    limit: int = 50


@frozen(kw_only=True)
class OperatorAction:
    """A change over HTTP, or its dry run.

    Attributes:
        action: ``redrive``, ``mend``, ``purge``, ``seen`` or ``listing``.
        address: the address of the client.
        facts: what was chosen and changed; with ``problem`` if it failed.
    """

    action: str
    address: str
    facts: Mapping[str, Any] = field(factory=dict)


class OperatorDesk(Protocol):
    """The calls of the routes; each method returns a document ready for JSON.

    Raises:
        ServiceUnavailable: from each method but ``check``, if the backend cannot be reached.
    """

    def history(self) -> bytes:
        """The last hour of figures, as JSON."""
        ...

    async def move_seen(self, at: datetime) -> Mapping[str, Any]:
        """Move the moment from which the verdict counts."""
        ...

    async def letters(self, query: LetterQuery) -> Mapping[str, Any]:
        """A page of dead letters; raises ``InvalidQuery`` for a wrong cursor."""
        ...

    async def letter(self, letter_id: str, assumed_kind: Kind | None) -> Mapping[str, Any] | None:
        """A dead letter in full; None if there is no such letter."""
        ...

    def check(self, kind: Kind, body: str) -> Mapping[str, Any]:
        """The result of intake for a body."""
        ...

    async def redrive(self, choice: LetterChoice) -> Mapping[str, Any]:
        """Put letters back; raises ``MalformedEvent`` if the queue refuses the other body."""
        ...

    async def purge(self, choice: LetterChoice) -> Mapping[str, Any]:
        """Delete letters."""
        ...

    async def stalled(self) -> Mapping[str, Any]:
        """The halves that have waited long, from the staging rows."""
        ...

    async def why(self, video_id: str, seller_handle: str | None) -> Mapping[str, Any]:
        """The timelines of a video."""
        ...


@frozen(kw_only=True)
class DeskRoutes:
    """The answers of the routes.

    Attributes:
        desk: does the work.
        acted: called after each change, dry runs and failures included. It must not raise.
        address_of: the address of a request's client.
    """

    desk: OperatorDesk
    acted: Callable[[OperatorAction], None]
    address_of: AddressOf

    async def show_history(self, _: Request) -> Response:
        """``GET /api/v1/operator/history``."""
        return Response(self.desk.history(), headers=_UNCACHED, media_type="application/json")

    async def move_seen(self, request: Request) -> Response:
        """``PUT /api/v1/operator/seen``."""
        fields = _Fields.of(await _document(request))
        at = fields.moment("at")
        if at is None or fields.all_faults():
            return problems.invalid_body(request.scope, fields.all_faults())
        return await self._act(request, "seen", {"at": at.isoformat()}, self.desk.move_seen(at))

    async def list_letters(self, request: Request) -> Response:
        """``GET /api/v1/operator/dead-letters``."""
        limit = once(request, "limit") or "50"
        if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit[:9]) <= MAX_LETTERS):
            raise InvalidQuery("limit", f"must be a number from 1 to {MAX_LETTERS}")
        query = LetterQuery(
            queue=_one_of(request, "queue", _QUEUES),
            reason=once(request, "reason"),
            group=once(request, "group"),
            after=once(request, "after"),
            limit=int(limit),
        )
        return JsonResponse(await self.desk.letters(query), headers=_UNCACHED)

    async def show_letter(self, request: Request) -> Response:
        """``GET /api/v1/operator/dead-letters/{letterId}``."""
        kind = _one_of(request, "as", _KINDS)
        letter = await self.desk.letter(request.path_params["letterId"], Kind(kind) if kind else None)
        if letter is None:
            return problems.problem(
                request.scope, 404, "There is no such dead letter: it may have been put back, or purged."
            )
        return JsonResponse(letter, headers=_UNCACHED)

    async def check(self, request: Request) -> Response:
        """``POST /api/v1/operator/dead-letters/check``."""
        fields = _Fields.of(await _document(request))
        kind, body = fields.one_of("queue", _KINDS), fields.take("body", str, "a text")
        faults = fields.all_faults() + [
            Fault(name, "is missing") for name, value in (("queue", kind), ("body", body)) if value is None
        ]
        if kind is None or body is None or faults:
            return problems.invalid_body(request.scope, faults)
        return JsonResponse(self.desk.check(Kind(kind), body), headers=_UNCACHED)

    async def redrive(self, request: Request) -> Response:
        """``POST /api/v1/operator/dead-letters/redrive``."""
        choice, faults = _choice(await _document(request))
        if faults:
            return problems.invalid_body(request.scope, faults)
        action = "redrive" if choice.body is None else "mend"
        return await self._act(request, action, {"dry_run": choice.dry_run}, self.desk.redrive(choice))

    async def purge(self, request: Request) -> Response:
        """``POST /api/v1/operator/dead-letters/purge``."""
        choice, faults = _choice(await _document(request), ("body", "force"))
        if faults:
            return problems.invalid_body(request.scope, faults)
        return await self._act(request, "purge", {"dry_run": choice.dry_run}, self.desk.purge(choice))

    async def show_stalled(self, _: Request) -> Response:
        """``GET /api/v1/operator/stalled``."""
        return JsonResponse(await self.desk.stalled(), headers=_UNCACHED)

    async def show_why(self, request: Request) -> Response:
        """``GET /api/v1/operator/why``."""
        video_id = once(request, "videoId")
        if video_id is None:
            raise InvalidQuery("videoId", "is missing")
        return JsonResponse(await self.desk.why(video_id, once(request, "handle")), headers=_UNCACHED)

    async def _act(
        self, request: Request, action: str, facts: Mapping[str, Any], work: Awaitable[Mapping[str, Any]]
    ) -> Response:
        """Do the work and report it; the report of a failure has its problem."""
        address = self.address_of(request)
        try:
            outcome = await work
        except MalformedEvent as malformed:
            self.acted(OperatorAction(action=action, address=address, facts={**facts, "problem": str(malformed)}))
            return problems.invalid_body(request.scope, malformed.faults)
        except Exception as error:
            self.acted(OperatorAction(action=action, address=address, facts={**facts, "problem": str(error)}))
            raise
        self.acted(OperatorAction(action=action, address=address, facts={**facts, **outcome}))
        return JsonResponse(outcome, headers=_UNCACHED)


def _one_of(request: Request, name: str, allowed: Sequence[str]) -> str | None:
    """A parameter of the query string, as :func:`once` reads it, with few values."""
    value = once(request, name)
    if value is not None and value not in allowed:
        raise InvalidQuery(name, f"must be one of {', '.join(allowed)}")
    return value


async def _document(request: Request) -> object:
    """The JSON of a body; a body that is none is itself a fault of the document."""
    try:
        return json_text.parse(await read_text(request, MAX_BODY_BYTES))
    except MalformedEvent as malformed:
        return malformed


def _choice(document: object, refused: Sequence[str] = ()) -> tuple[LetterChoice, Sequence[Fault]]:
    fields = _Fields.of(document, refused)
    ids, everything = fields.texts("letter_ids"), fields.take("all", bool, "true or false")
    kind = fields.one_of("as", _KINDS)
    choice = LetterChoice(
        letter_ids=ids,
        queue=fields.one_of("queue", _QUEUES),
        reason=fields.take("reason", str, "a text") or None,
        group=fields.take("group", str, "a text") or None,
        assumed_kind=Kind(kind) if kind else None,
        force=fields.take("force", bool, "true or false") or False,
        body=fields.take("body", str, "a text"),
        dry_run=fields.take("dry_run", bool, "true or false") is not False,
    )
    faults = fields.all_faults()
    if not faults and not (ids or everything or choice.queue or choice.reason or choice.group):
        faults.append(Fault("", "say which dead letters: letter_ids, queue, reason, group, or all"))
    if not faults and choice.body is not None and len(ids or ()) != 1:
        faults.append(Fault("body", "mends one dead letter: letter_ids must name exactly one"))
    return choice, faults


@frozen
class _Fields:
    """The fields of a request's document. Each is taken once; what is left over is unknown."""

    _left: dict[str, Any]
    faults: list[Fault] = field(factory=list)

    @classmethod
    def of(cls, document: object, refused: Sequence[str] = ()) -> _Fields:
        if isinstance(document, MalformedEvent):
            return cls({}, list(document.faults))
        if not isinstance(document, dict):
            return cls({}, [Fault("", "the body must be a JSON object")])
        return cls(dict(document), [Fault(name, "has no meaning here") for name in refused if document.get(name)])

    def all_faults(self) -> list[Fault]:
        """The faults, those of unknown fields included."""
        return [*self.faults, *(Fault(name, "is not known") for name in self._left)]

    def take(self, name: str, cls: type[Any], meant: str) -> Any:
        value = self._left.pop(name, None)
        if value is None or isinstance(value, cls):
            return value
        self.faults.append(Fault(name, f"must be {meant}"))
        return None

    def one_of(self, name: str, allowed: Sequence[str]) -> str | None:
        value: str | None = self.take(name, str, "a text")
        if value is None or value in allowed:
            return value
        self.faults.append(Fault(name, f"must be one of {', '.join(allowed)}"))
        return None

    def texts(self, name: str) -> Sequence[str] | None:
        values: list[Any] | None = self.take(name, list, "a list of texts")
        if values is None or (all(isinstance(value, str) for value in values) and 0 < len(values) <= MAX_IDS):
            return values
        self.faults.append(Fault(name, f"must be a list of 1 to {MAX_IDS:,} texts"))
        return None

    def moment(self, name: str) -> datetime | None:
        text = self.take(name, str, "a text")
        try:
            moment = datetime.fromisoformat(text) if text is not None else None
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return moment
        self.faults.append(Fault(name, "must be an ISO 8601 time with its offset, such as 2026-05-14T18:35:05Z"))
        return None

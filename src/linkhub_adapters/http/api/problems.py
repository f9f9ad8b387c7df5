"""Every error of this room as an RFC 9457 problem: ``application/problem+json``.

Rule 1. The body always has ``type``, ``title``, ``status``, ``detail`` and ``instance``; ``parameter`` names the wrong
        parameter as it is in the request, ``faults`` the faults of a body.
Rule 2. A fault of the server is not explained to the client; ``failed`` gets the error. An operator learns what is
        unavailable: it may be a right that the server lacks.
Rule 3. A problem that needs more than its status has its own ``type``: an address where the documentation explains it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from attrs import frozen
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ExceptionHandler, Scope

from linkhub_adapters.http.api.responses import JsonResponse
from linkhub_core.errors import Fault, InvalidQuery, RowUnreadable, StoreRefused, TransientError

_FOR_OPERATORS = "/api/v1/operator/"


@frozen(kw_only=True)
class FailedRequest:
    """A request that was answered with 500 (unexpected) or 503 (transient), and its error."""

    method: str
    path: str
    status: int
    error: Exception


@frozen
class ProblemKind:
    """A problem with an address: ``anchor`` is where on the documentation's page it is explained."""

    anchor: str
    status: int
    title: str
    meaning: str

    @property
    def type(self) -> str:
        """The ``type`` of the problem, an address relative to this server."""
        return f"/api/docs#{self.anchor}"


INVALID_PARAMETER = ProblemKind(
    "invalid-parameter",
    400,
    "Invalid parameter",
    "A parameter breaks its rule, or is there more than once. `parameter` names it and `detail` says what is wrong. "
    "Sending the same request again gives the same answer.",
)
UNKNOWN_PRODUCT = ProblemKind(
    "unknown-product",
    404,
    "Unknown product",
    "The shop has no product of this video. It may come: a product appears once both of its halves have arrived.",
)
WITHDRAWN = ProblemKind(
    "withdrawn",
    410,
    "Withdrawn",
    "The seller has withdrawn this product. It may come back: then this address answers with it again.",
)
INVALID_LISTING = ProblemKind(
    "invalid-listing",
    422,
    "Invalid listing",
    "The body is no listing. `faults` names each wrong field and its rule; an empty name means the body as a whole. "
    "Nothing was changed.",
)
INVALID_BODY = ProblemKind(
    "invalid-body",
    422,
    "Invalid body",
    "The body of the request breaks a rule. `faults` names each wrong field; an empty name means the body as a whole. "
    "Nothing was changed.",
)
NO_TOKEN_SET = ProblemKind(
    "no-token-set",
    403,
    "No admin token is set",
    "This server was started without an admin token. It changes nothing over HTTP then. `detail` names the setting.",
)
TOKEN_REQUIRED = ProblemKind(
    "token-required",
    401,
    "Token required",
    "The figures of this server, and listings, are for its operator. Send the admin token as "
    "`Authorization: Bearer <token>`.",
)
UNKNOWN_CURSOR = ProblemKind(
    "unknown-cursor",
    410,
    "Unknown cursor",
    "This server did not give the cursor: its data was restored from a copy, or another server gave it. Load the first "
    "page again and go on from its `metadata.cursor`.",
)
UNAVAILABLE = ProblemKind(
    "unavailable",
    503,
    "Service unavailable",
    "A store does not answer just now, or asks for less. Nothing is lost: send the same request again after the "
    "seconds of `Retry-After`.",
)
ORIGIN_REFUSED = ProblemKind(
    "origin-refused",
    403,
    "Origin refused",
    "Pages of this origin may not use this server, or the request has two `Origin` headers. The server's log names the "
    "setting that would allow the origin.",
)
FOREIGN_HOST = ProblemKind(
    "foreign-host",
    403,
    "Foreign host",
    "The server listens on a loopback address, and the request names another host. Without an admin token the "
    "operator's routes answer only the names of this machine. The server's log names the setting that would allow the "
    "host.",
)
KINDS = (
    INVALID_PARAMETER,
    INVALID_LISTING,
    INVALID_BODY,
    UNKNOWN_PRODUCT,
    WITHDRAWN,
    UNKNOWN_CURSOR,
    TOKEN_REQUIRED,
    NO_TOKEN_SET,
    UNAVAILABLE,
    ORIGIN_REFUSED,
    FOREIGN_HOST,
)

# The core speaks of the fields of a product, a client of the parameters of an address.
_PARAMETER_OF_FIELD = {"seller_handle": "handle", "video_id": "videoId"}
_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not answer that method; `Allow` names those that it does.",
    413: "The body is larger than this address takes.",
}


def problem(
    scope: Scope,
    status: int,
    detail: str,
    *,
    kind: ProblemKind | None = None,
    parameter: str | None = None,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> JsonResponse:
    """Make the answer for a problem.

    Args:
        scope: the request's ASGI scope; its path becomes ``instance``.
        status: the HTTP status.
        detail: a sentence for the person who sent the request.
        kind: what makes the problem more than its status.
        parameter: the wrong parameter, as it is in the request.
        faults: the faults of the body.
        headers: further headers of the answer.
    """
    document: dict[str, Any] = {
        "type": kind.type if kind else "about:blank",
        "title": kind.title if kind else _phrase(status),
        "status": status,
        "detail": detail,
        "instance": _reference(scope["path"]),
    }
    if parameter is not None:
        document["parameter"] = parameter
    if faults:
        document["faults"] = [{"field": fault.field, "problem": fault.problem} for fault in faults]
    answer_headers = {"cache-control": "no-store", **(headers or {})}
    return JsonResponse(document, status, answer_headers, media_type="application/problem+json")


def _reference(path: str) -> str:
    # A reference that begins with two slashes would name another host.
    return "/" + quote(path.lstrip("/"), safe="/:@!$&'()*+,;=-._~", errors="replace")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def unknown_product(scope: Scope) -> JsonResponse:
    """The answer where a shop has no product of a video."""
    return problem(scope, 404, "This shop has no product of that video.", kind=UNKNOWN_PRODUCT)


def invalid_body(scope: Scope, faults: Sequence[Fault], kind: ProblemKind = INVALID_BODY) -> JsonResponse:
    """The answer to a body that breaks a rule, with all its faults."""
    return problem(scope, kind.status, "; ".join(map(str, faults)), kind=kind, faults=faults)


def unexpected(scope: Scope) -> JsonResponse:
    """The answer to an unexpected error: it says nothing of the cause."""
    return problem(scope, 500, "Something went wrong here; it was not your request. The log has the details.")


def exception_handlers(
    failed: Callable[[FailedRequest], None], *, retry_after_seconds: int
) -> Mapping[type[Exception], ExceptionHandler]:
    """The table from what a route raises to the problem that a client gets."""

    async def unavailable(request: Request, error: Exception) -> JsonResponse:
        failed(FailedRequest(method=request.method, path=request.scope["path"], status=503, error=error))
        cause = f"{error}. " if request.scope["path"].startswith(_FOR_OPERATORS) else ""
        detail = f"{cause}The answer cannot be read just now. Try again in {retry_after_seconds} s."
        headers = {"retry-after": str(retry_after_seconds)}
        return problem(request.scope, 503, detail, kind=UNAVAILABLE, headers=headers)

    async def unreadable(request: Request, error: Exception) -> JsonResponse:
        if not isinstance(error, RowUnreadable):  # a row is named once, however often it is asked for
            failed(FailedRequest(method=request.method, path=request.scope["path"], status=500, error=error))
        is_change = request.method not in ("GET", "HEAD") and not isinstance(error, RowUnreadable)
        detail = "The store refused the change." if is_change else "This product is stored, but it cannot be read."
        return problem(request.scope, 500, f"{detail} The log says why.")

    return {
        StoreRefused: unreadable,
        InvalidQuery: _invalid_query,  # type: ignore[dict-item]  # Starlette hands each handler the class of its key
        TransientError: unavailable,
        HTTPException: _refused,  # type: ignore[dict-item]  # as above
    }


async def _invalid_query(request: Request, error: InvalidQuery) -> JsonResponse:
    parameter = _PARAMETER_OF_FIELD.get(error.parameter, error.parameter)
    detail = f"`{parameter}` {error.problem}."
    return problem(request.scope, 400, detail, kind=INVALID_PARAMETER, parameter=parameter)


async def _refused(request: Request, error: HTTPException) -> JsonResponse:
    says_more = error.detail not in ("", _phrase(error.status_code))
    detail = error.detail if says_more else _DETAILS.get(error.status_code, _phrase(error.status_code))
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if "allow" in headers:
        # Starlette joins a set, in whatever order it has.
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    return problem(request.scope, error.status_code, detail, headers=headers)

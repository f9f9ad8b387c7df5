"""The route of a listing: what the seller or the operator says about a product.

| request | answer                                                                                                   |
|---------|----------------------------------------------------------------------------------------------------------|
| `GET`   | the listing, with its entity tag; of a withdrawn product, too                                            |
| `PUT`   | replaces it: an absent or null ``title`` or ``price`` is as parsed, an absent ``availability`` in stock    |
| `PATCH` | merges (RFC 7396): a field that is absent stays, null makes it as parsed                                 |

A change is answered with the new listing when it is saved and announced. ``If-Match`` takes the entity tag of the
listing or of the product; if neither is current, the answer is a 412 and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api import problems, responses
from linkhub_adapters.http.api.encoded_body import EncodedBody, strong_etag
from linkhub_adapters.http.api.operator_desk import AddressOf, OperatorAction
from linkhub_adapters.http.api.page_body import etag_of
from linkhub_core.application.browse_shop import parse_key
from linkhub_core.application.complete import readable
from linkhub_core.application.listings import (
    ListingOvertaken,
    ListingSame,
    ListingSaved,
    PreconditionFailed,
    ProductAbsent,
    SetListing,
)
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.wire import codec, json_text

# A title of 2,000 characters, each escaped, with room to spare.
MAX_BODY_BYTES: Final = 65_536


async def answer_listing(
    listings: SetListing, acted: Callable[[OperatorAction], None], address_of: AddressOf, request: Request
) -> Response:
    """``GET``, ``PUT`` and ``PATCH /api/v1/shop/{handle}/products/{videoId}/listing``; a change is reported."""
    key = parse_key(request.path_params["handle"], request.path_params["videoId"])
    if request.method in ("PUT", "PATCH"):
        answer = await _change(listings, key, request)
        facts = {"seller_handle": key.seller_handle, "video_id": key.video_id, "status": answer.status_code}
        acted(OperatorAction(action="listing", address=address_of(request), facts=facts))
        return answer
    record = readable((await listings.products.find([key])).get(key))
    if record is None:
        return problems.unknown_product(request.scope)
    return await responses.respond(request, EncodedBody.of(_body(record), "application/json"))


async def _change(listings: SetListing, key: ProductKey, request: Request) -> Response:
    try:
        document = json_text.parse_exactly(await responses.read_text(request, MAX_BODY_BYTES))
        change = codec.read_listing_change(document, replace=request.method == "PUT")
    except MalformedEvent as malformed:
        return problems.invalid_body(request.scope, malformed.faults, problems.INVALID_LISTING)
    match await listings(key, change, expected=_expectation(request)):
        case ProductAbsent():
            return problems.unknown_product(request.scope)
        case ListingOvertaken():
            detail = "Another change of this listing was saved at the same moment. Read it, and decide again."
            return problems.problem(request.scope, 409, detail)
        case PreconditionFailed():
            detail = "The product or its listing has changed since it was read. Read it again."
            return problems.problem(request.scope, 412, detail)
        case ListingSaved(record) | ListingSame(record):
            body = _body(record)
            headers = {"etag": strong_etag(body), "cache-control": "no-store"}
            return Response(body, headers=headers, media_type="application/json")


def _expectation(request: Request) -> Callable[[ProductRecord], bool] | None:
    """Whether a product is as the client read it; None without ``If-Match``. The comparison is strong (RFC 9110)."""
    sent = ", ".join(request.headers.getlist("if-match"))
    if not sent:
        return None
    return lambda record: responses.is_matched(sent, _tags(record))


def _tags(record: ProductRecord) -> tuple[str, str]:
    return strong_etag(_body(record)), etag_of([codec.stored_product(record)])


def _body(record: ProductRecord) -> bytes:
    return json_text.dump(codec.listing_document(record.listing))

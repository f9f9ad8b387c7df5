"""The API tried out in a terminal: first steps, and one call for each operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["FIRST_STEPS", "curl_for"]

_EXAMPLES = {"{handle}": "nalu-fashion", "{videoId}": "7301234567890421596", "{name}": "theme.css"}

_SHOP = "$LINKHUB/api/v1/shop/nalu-fashion/products"

FIRST_STEPS = (
    ("Say where the server is.", "LINKHUB=http://localhost:3002"),
    ("Read the first page of a shop.", f'PAGE=$(curl -s "{_SHOP}?limit=5"); printf %s "$PAGE"'),
    (
        "Read the next: send `pagination.lastEvaluatedKey` as it is, as `lastKey`.",
        f'KEY=$(printf %s "$PAGE" | jq -r .pagination.lastEvaluatedKey)\ncurl "{_SHOP}?limit=5&lastKey=$KEY"',
    ),
    (
        "Ask only for what changed: send `metadata.timestamp` as `since`.",
        f'SINCE=$(printf %s "$PAGE" | jq -r .metadata.timestamp)\ncurl "{_SHOP}?since=$SINCE"',
    ),
    (
        "Ask whether anything changed at all: send the `ETag` back. A 304 has no body.",
        (
            f'ETAG=$(curl -sI "{_SHOP}" | tr -d "\\r" | sed -n "s/^etag: //p")\n'
            f'curl -i -H "If-None-Match: $ETAG" "{_SHOP}"'
        ),
    ),
)


def curl_for(method: str, path: str, *, with_token: bool, parameters: Sequence[Mapping[str, Any]] = ()) -> str:
    """A command that calls the operation on a shop that might exist.

    Args:
        method: in small letters.
        path: with its placeholders.
        with_token: whether the operation may ask for the admin token.
        parameters: those of the operation; what has to stand in the query does.
    """
    address = path.replace("/{release}", "")
    for name, example in _EXAMPLES.items():
        address = address.replace(name, example)
    query = "&".join(_required_query(parameters))
    verb = "" if method == "get" else f"-X {method.upper()} "
    token = '-H "Authorization: Bearer $ADMIN_TOKEN" ' if with_token else ""
    return f'curl {verb}{token}"$LINKHUB{address}{"?" if query else ""}{query}"'


def _required_query(parameters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for entry in parameters:
        if entry["in"] == "query" and entry["required"]:
            name = entry["name"]
            yield f"{name}={entry['schema'].get('enum', [f'${name.upper()}'])[0]}"

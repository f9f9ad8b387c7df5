"""The REST API under schemathesis, which makes requests from our own OpenAPI document: sound ones, and broken ones.

Whatever comes, there is no 500, no answer that the document does not describe, and no traceback to a client.
"""

from __future__ import annotations

import asyncio
from typing import Any

import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi.checks import missing_required_header, positive_data_acceptance

from tests.adapters.http.http_fixture import HttpFixture, product


def _busy_listener() -> HttpFixture:
    fixture = HttpFixture()
    asyncio.run(fixture.save(*(product(number) for number in range(60))))
    return fixture


LISTENER = _busy_listener()
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", LISTENER.app())


_DESK = "^/api/v1/operator/"


@SCHEMA.exclude(path_regex=_DESK).parametrize()
@settings(max_examples=150)
def test_every_route(case: schemathesis.Case[Any]) -> None:
    """Each answer is one that the document describes, with its status, its media type and its shape."""
    _call(case)


@SCHEMA.include(path_regex=_DESK).parametrize()
@settings(max_examples=15)
def test_every_route_of_an_operator(case: schemathesis.Case[Any]) -> None:
    """The same with fewer examples: these clients hold the token."""
    _call(case)


def _call(case: schemathesis.Case[Any]) -> None:
    # A cursor that we did not give, and a moment such as 0000-00-00, are sound to the eye and refused all the same. A
    # server without a token answers a change with 403, with the header and without it.
    case.call_and_validate(excluded_checks=[positive_data_acceptance, missing_required_header])
    assert LISTENER.failures == []


def test_the_document_has_every_operation() -> None:
    """Nothing is left out: what is not in the document is not thrown at."""
    paths = set(SCHEMA.raw_schema["paths"])
    assert {"/api/v1/shop/{handle}/products", "/api/v1/shop/{handle}/products/{videoId}", "/readyz"} <= paths

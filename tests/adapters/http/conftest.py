"""A listener with a shop of three products, and a client of it."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient

from tests.adapters.http.http_fixture import HttpFixture, product


@pytest.fixture
async def fixture() -> HttpFixture:
    """A listener whose store holds three products of one shop, saved a minute ago."""
    fixture = HttpFixture()
    await fixture.save(*(product(number) for number in (1, 2, 3)))
    fixture.clock.advance(60)
    return fixture


@pytest.fixture
async def client(fixture: HttpFixture) -> AsyncIterator[AsyncClient]:
    """A client of the listener."""
    async with fixture.client() as client:
        yield client

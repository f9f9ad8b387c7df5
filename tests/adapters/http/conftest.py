"""A listener with a shop of three products, and a client of it."""

from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from tests.adapters.http.shop import Listener, product


@pytest.fixture
async def listener() -> Listener:
    """A listener whose store holds three products of one shop, saved a minute ago."""
    listener = Listener()
    await listener.save(*(product(number) for number in (1, 2, 3)))
    listener.clock.advance(60)
    return listener


@pytest.fixture
async def client(listener: Listener) -> AsyncIterator[AsyncClient]:
    """A client of the listener."""
    async with listener.client() as client:
        yield client

"""Several calls at once."""

import asyncio

import pytest

from linkhub_adapters.aws.client.gather_all import gather_all


async def test_the_first_error_is_raised_when_all_have_ended() -> None:
    """A call that fails does not leave another one running."""
    ended: list[str] = []

    async def fails() -> None:
        raise ValueError("no")

    async def takes_longer() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ended.append("yes")

    with pytest.raises(ValueError, match="no"):
        await gather_all([fails(), takes_longer()])
    assert ended == ["yes"]


async def test_no_calls_are_no_error() -> None:
    """Nothing to do is done."""
    assert await gather_all([]) == []

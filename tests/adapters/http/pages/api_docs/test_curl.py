"""The commands are ones that work."""

import shlex

import pytest
from httpx import AsyncClient

from linkhub_adapters.http.api.openapi import describe
from linkhub_adapters.http.pages.api_docs.curl import FIRST_STEPS, curl_for
from tests.adapters.http.http_fixture import HttpFixture


@pytest.mark.parametrize("path", list(describe()["paths"]))
async def test_each_command_calls_an_address_that_exists(path: str) -> None:
    """Only a product or shop that happens not to be here may be a 404."""
    *_, address = shlex.split(curl_for("get", path, with_token=False))
    async with HttpFixture().client() as client:
        answer = await client.get(address.removeprefix("$LINKHUB"))
    assert answer.status_code == 200 or answer.json()["type"].endswith("#unknown-product")


def test_a_protected_address_is_called_with_the_token() -> None:
    """From the variable that the server reads it from."""
    assert "Authorization: Bearer $LINKHUB_ADMIN_TOKEN" in curl_for("get", "/metrics", with_token=True)
    assert "Authorization" not in curl_for("get", "/metrics", with_token=False)


async def test_the_first_steps_are_commands_of_a_shell(client: AsyncClient) -> None:
    """Quotes close, and each address is one that the server answers."""
    for _, command in FIRST_STEPS:
        words = shlex.split(command, comments=False)
        for word in (word for word in words if word.startswith("$LINKHUB")):
            address = word.rstrip(";)").removeprefix("$LINKHUB").replace("$KEY", "").replace("$SINCE", "")
            assert (await client.get(address)).status_code == 200


def test_commands_use_the_verb() -> None:
    """GET is curl's own; others are said."""
    assert curl_for("post", "/x", with_token=False) == 'curl -X POST "$LINKHUB/x"'


def test_commands_have_what_the_query_must() -> None:
    """The one value that there is, or else a variable; what may be left out is."""
    parameters = [
        {"name": "EIO", "in": "query", "required": True, "schema": {"type": "string", "enum": ["4"]}},
        {"name": "sid", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "since", "in": "query", "required": False, "schema": {"type": "string"}},
    ]
    assert curl_for("get", "/x", with_token=False, parameters=parameters) == 'curl "$LINKHUB/x?EIO=4&sid=$SID"'

"""The admin token is in no log and in no answer."""

from __future__ import annotations

import httpx2
import pytest
from attrs import evolve

from tests.e2e.deployment import Deployment

pytestmark = pytest.mark.e2e

TOKEN = "a-long-random-token-7f3a"
GUESS = "a-guess-that-somebody-made-91bc"


def test_the_admin_token_is_never_shown(deployment: Deployment) -> None:
    """Not at start-up with every line logged, not when it is right or wrong, and not by a command."""
    guarded = evolve(deployment, elsewhere={"LINKHUB_ADMIN_TOKEN": TOKEN, "LINKHUB_LOG_LEVEL": "debug"})
    server, url = guarded.serve()
    with server:
        answers = [
            httpx2.get(f"{url}{path}", headers={"authorization": f"Bearer {token}"})
            for path in ("/metrics", "/api/v1/operator/status", "/api/v1/websocket/stats")
            for token in (TOKEN, GUESS)
        ]
        assert [answer.status_code for answer in answers] == [200, 401] * 3
        assert server.terminate() == 0
        logged = "\n".join([*server.stdout_lines, *server.stderr_lines])
    shown = guarded.run("config") + guarded.run("config", "--json")
    for text in (logged, shown, *(answer.text for answer in answers)):
        assert TOKEN not in text
        assert GUESS not in text

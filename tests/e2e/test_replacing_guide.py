"""The shim of the guide for replacing a service: a client that expects ``{success, data}`` gets it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.deployment import Deployment
from tests.support.processes import Process

pytestmark = [pytest.mark.e2e, pytest.mark.node]

GUIDE: Final = Path(__file__).parents[2] / "docs" / "guide" / "replacing.md"
_SHIM = re.compile(r"^```js\n(.*?)^```", re.DOTALL | re.MULTILINE)
_CLIENT: Final = """
const [url] = process.argv.slice(2)
const tell = async (path) => {
  const answer = await fetch(url + path)
  console.log(JSON.stringify([answer.status, answer.headers.get('content-type'), await answer.text()]))
}
await tell('/api/v1/shop/nalu-fashion/products')
await tell('/api/v1/shop/nalu-fashion/products/1')
await tell('/api/v1/shop/nalu-fashion/products?limit=51')
await tell('/healthz')
"""


def test_the_shim_wraps_what_the_api_answers(tmp_path: Path, node: Path) -> None:
    """Data of answers, the detail of errors with their status, and nothing outside the API."""
    (shim,) = _SHIM.findall(GUIDE.read_text(encoding="utf-8"))
    program = tmp_path / "client.mjs"
    program.write_text(shim + _CLIENT, encoding="utf-8")
    server, url = Deployment(tmp_path).serve()
    with server, Process([node, program, url], environment={}, cwd=tmp_path) as client:
        assert client.wait(timeout_seconds=30) == 0, client.stderr_lines
        page, unknown, refused, health = (json.loads(line) for line in client.stdout_lines)
    assert page[:2] == [200, "application/json"]
    wrapped = json.loads(page[2])
    assert (wrapped["success"], wrapped["data"]["products"], wrapped["data"]["pagination"]["count"]) == (True, [], 0)
    assert (unknown[0], json.loads(unknown[2])["success"]) == (404, False)
    assert (refused[0], "from 1 to 50" in json.loads(refused[2])["error"]) == (400, True)
    assert (health[0], "success" in json.loads(health[2])) == (200, False)

"""The programs of the guide for frontend engineers run as they stand there, and come back after the server was away.

Each block is written to a file and started with the shop and the address of a real server. A product that is saved
while the server is down can only be seen by who asks for what it missed: that tells whether a program comes back.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx
import pytest
from attrs import frozen

from tests.e2e.hub import Hub
from tests.support.npm import NpmPackage, install
from tests.support.processes import Process, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.node]

GUIDE: Final = Path(__file__).parents[2] / "docs" / "guide" / "frontend.md"
DATA: Final = Path(__file__).parents[1] / "data"
_SELLER: Final = "nalu-fashion"
_LOOPBACK: Final = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
_BACK_SECONDS: Final = 60
# A browser's EventSource, as a package: that of Node.js, still an experiment, does not outlive its server.
_EVENTSOURCE: Final = NpmPackage(name="eventsource", version="2.0.2")

# What browsers have, and Node.js 20 has not. A browser does not end a page for an error event that nobody listens to.
_BROWSER: Final = """
import {{ createRequire }} from 'node:module'
const require = createRequire(import.meta.url)
globalThis.EventSource = require('{eventsource}')
globalThis.WebSocket = class extends require('{ws}') {{
  constructor(url) {{ super(url).on('error', () => {{}}) }}
}}
"""


@frozen(kw_only=True)
class Example:
    """A program of the guide: the heading that it stands under, its language, and how often it may show a product."""

    heading: str
    language: str
    subscribes: bool = True
    repeats: bool = False


LIVE: Final = (
    Example(heading="Socket.IO", language="js"),
    Example(heading="Plain WebSocket", language="js"),
    Example(heading="Server-Sent Events", language="js"),
    Example(heading="python-socketio", language="python"),
    Example(heading="websockets", language="python"),
    Example(heading="curl", language="bash", repeats=True),
    Example(heading="Polling with curl", language="bash", subscribes=False, repeats=True),
)
PAGE: Final = Example(heading="The page, over REST", language="js")
_ELSEWHERE: Final = {("React", "jsx")}


def _blocks() -> dict[tuple[str, str], str]:
    """The blocks of the guide by heading and language."""
    found: dict[tuple[str, str], str] = {}
    for section in re.split(r"^##+ ", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        for language, block in re.findall(r"^```(\w+)\n(.*?)^```", section, re.DOTALL | re.MULTILINE):
            assert (heading, language) not in found
            found[heading, language] = block
    return found


@pytest.fixture
def start(tmp_path: Path, node: Path, socket_io_client_directory: Path) -> Callable[[Example, str], Process]:
    """Starts a program of the guide against a server's address."""
    (tmp_path / "node_modules").symlink_to(socket_io_client_directory.parent)
    browser = tmp_path / "browser.mjs"
    browser.write_text(_BROWSER.format(ws=socket_io_client_directory.parent / "ws", eventsource=install(_EVENTSOURCE)))
    blocks = _blocks()

    def start_example(example: Example, url: str) -> Process:
        commands: dict[str, tuple[str, Sequence[str | Path]]] = {
            "js": ("mjs", [node, "--import", browser]),
            "python": ("py", [sys.executable]),
            "bash": ("sh", ["bash"]),
        }
        suffix, command = commands[example.language]
        program = tmp_path / f"shop-{list(blocks).index((example.heading, example.language))}.{suffix}"
        program.write_text(blocks[example.heading, example.language], encoding="utf-8")
        return Process([*command, program, _SELLER, url], environment=_LOOPBACK, cwd=tmp_path)

    return start_example


def _halves(title: str, video_id: str) -> Iterator[str]:
    for kind in ("caption", "thumbnail"):
        half = json.loads((DATA / f"{kind}.json").read_text(encoding="utf-8"))
        half |= {"video_id": video_id, "seller_handle": _SELLER} | ({"title": title} if kind == "caption" else {})
        yield json.dumps({"queue": kind, "body": json.dumps(half)})


def _publish(hub: Hub, *titles: str) -> None:
    """Put both halves of a product for each title on the queues."""
    lines = [line for title in titles for line in _halves(title, title.replace(" ", "-"))]
    events = hub.directory / "events.jsonl"
    events.write_text("\n".join(lines) + "\n", encoding="utf-8")
    hub.run("publish", str(events))


def _wait_for_subscribers(server: Process, url: str, count: int) -> None:
    def are_there() -> bool:
        stats = httpx.get(f"{url}/api/v1/websocket/stats", trust_env=False).json()
        return bool(stats["totalSubscriptions"] == count)

    server.wait_until(are_there, f"have {count} subscribers", timeout_seconds=_BACK_SECONDS)


def _shown(program: Process, title: str) -> int:
    return sum(title in line for line in program.stdout_lines)


def test_the_guide_has_no_other_blocks() -> None:
    """Every block of the guide is run here, but for React's, which is part of an example with tests of its own."""
    assert set(_blocks()) == {(example.heading, example.language) for example in (*LIVE, PAGE)} | _ELSEWHERE


def test_every_live_program_sees_each_product(hub: Hub, start: Callable[[Example, str], Process]) -> None:
    """One published while it looks, one saved while the server is down, one after it is back: each once, if so said."""
    port = str(free_port())
    subscribers = sum(example.subscribes for example in LIVE)
    with ExitStack() as running:
        server, url = hub.serve("--port", port)
        with server:
            programs = [(example, running.enter_context(start(example, url))) for example in LIVE]
            _wait_for_subscribers(server, url, subscribers)
            _publish(hub, "Dress of the morning")
            for _, program in programs:
                program.wait_for_line("Dress of the morning")
            assert server.terminate() == 0
        with hub.consume() as consumer:
            _publish(hub, "Dress of the night")
            hub.wait_until_settled(consumer)
        server, _ = hub.serve("--port", port)
        with server:
            for _, program in programs:
                program.wait_for_line("Dress of the night", timeout_seconds=_BACK_SECONDS)
            _wait_for_subscribers(server, url, subscribers)
            _publish(hub, "Dress of the next day")
            for example, program in programs:
                program.wait_for_line("Dress of the next day")
                if not example.repeats:
                    titles = ("Dress of the morning", "Dress of the night", "Dress of the next day")
                    assert [_shown(program, title) for title in titles] == [1, 1, 1], program.stdout_lines
            for _, program in programs:
                program.terminate()


def test_the_page_over_rest(hub: Hub, start: Callable[[Example, str], Process]) -> None:
    """It prints the shop, over more than one page, and ends."""
    titles = [f"Dress {number:02}" for number in range(21)]
    server, url = hub.serve()
    with server:
        _publish(hub, *titles)
        hub.wait_until_settled(server)
        with start(PAGE, url) as program:
            assert program.wait() == 0, program.stderr_lines
            assert [line.partition(" ")[2].removesuffix(" null") for line in program.stdout_lines] == titles[::-1]

"""The programs of the guide for frontend engineers run as they stand there, and come back after the server was away.

Each block is written to a file and started with the shop and the address of a real server. A product that is saved
while the server is down is only seen by a program that reconnects and asks for the missed products.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx2
import pytest
import socketio
from attrs import evolve, frozen
from websockets.sync.client import connect

from tests.e2e.deployment import Deployment
from tests.support.npm import NpmPackage, install
from tests.support.processes import Process, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.node]

GUIDE: Final = Path(__file__).parents[2] / "docs" / "guide" / "frontend.md"
DATA: Final = Path(__file__).parents[1] / "data"
_SELLER: Final = "nalu-fashion"
_BUSY_SELLER: Final = "kampala.kicks"
_TOO_MANY: Final = 101
_TOKEN: Final = "let-me-in"
# The line of curl is the event as it came.
_REMOVED: Final = '"event_type":"product_removed"'
MORNING, NIGHT, NEXT_DAY = "Dress of the morning", "Dress of the night", "Dress of the next day"
_LOOPBACK: Final = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
_BACK_SECONDS: Final = 60
# A browser's EventSource, as a package: that of Node.js, still an experiment, does not outlive its server.
_EVENTSOURCE: Final = NpmPackage(name="eventsource", version="2.0.2")

# What browsers have, and Node.js 20 has not. A browser does not end a page for an error event without a listener.
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
    """A program of the guide: its place, and what it must print.

    Attributes:
        heading: the heading above it.
        language: of its block.
        subscribes: whether it holds a connection open.
        repeats: whether it may show a product more than once.
        when_too_much: what its line holds when more was missed than is replayed: the newest product, for most.
    """

    heading: str
    language: str
    subscribes: bool = True
    repeats: bool = False
    when_too_much: str = f"Rush {100 + _TOO_MANY - 1}"


LIVE: Final = (
    Example(heading="Socket.IO", language="js"),
    Example(heading="Plain WebSocket", language="js"),
    Example(heading="Server-Sent Events", language="js"),
    Example(heading="python-socketio", language="python"),
    Example(heading="websockets", language="python"),
    Example(heading="curl", language="bash", repeats=True, when_too_much="load the page"),
    Example(heading="Polling with curl", language="bash", subscribes=False, repeats=True),
)
Start = Callable[..., Process]

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
def start(tmp_path: Path, node: Path, socket_io_client_directory: Path) -> Start:
    """Starts a program of the guide against a server's address."""
    (tmp_path / "node_modules").symlink_to(socket_io_client_directory.parent)
    browser = tmp_path / "browser.mjs"
    browser.write_text(_BROWSER.format(ws=socket_io_client_directory.parent / "ws", eventsource=install(_EVENTSOURCE)))
    blocks = _blocks()

    def start_example(example: Example, url: str, seller: str = _SELLER) -> Process:
        commands: dict[str, tuple[str, Sequence[str | Path]]] = {
            "js": ("mjs", [node, "--import", browser]),
            "python": ("py", [sys.executable]),
            "bash": ("sh", ["bash"]),
        }
        suffix, command = commands[example.language]
        program = tmp_path / f"shop-{list(blocks).index((example.heading, example.language))}.{suffix}"
        program.write_text(blocks[example.heading, example.language], encoding="utf-8")
        return Process([*command, program, seller, url], environment=_LOOPBACK, cwd=tmp_path)

    return start_example


def _video_of(title: str) -> str:
    return title.replace(" ", "-")


def _withdraw(url: str, video_id: str, *, seller: str) -> None:
    address = f"{url}/api/v1/shop/{seller}/products/{video_id}/listing"
    headers = {"Authorization": f"Bearer {_TOKEN}"}
    answer = httpx2.patch(address, json={"availability": "withdrawn"}, headers=headers, trust_env=False)
    answer.raise_for_status()


def _halves(seller: str, title: str) -> Iterator[str]:
    for kind in ("caption", "thumbnail"):
        half = json.loads((DATA / f"{kind}.json").read_text(encoding="utf-8"))
        half |= {"video_id": _video_of(title), "seller_handle": seller}
        half |= {"title": title} if kind == "caption" else {}
        yield json.dumps({"queue": kind, "body": json.dumps(half)})


def _publish(deployment: Deployment, *titles: str, seller: str = _SELLER) -> None:
    """Put both halves of a product for each title on the queues."""
    lines = [line for title in titles for line in _halves(seller, title)]
    events = deployment.directory / "events.jsonl"
    events.write_text("\n".join(lines) + "\n", encoding="utf-8")
    deployment.run("publish", str(events))


def _wait_for_subscribers(server: Process, url: str, count: int) -> None:
    def are_there() -> bool:
        headers = {"Authorization": f"Bearer {_TOKEN}"}
        stats = httpx2.get(f"{url}/api/v1/websocket/stats", headers=headers, trust_env=False).json()
        return bool(stats["totalSubscriptions"] == count)

    server.wait_until(are_there, f"have {count} subscribers", timeout_seconds=_BACK_SECONDS)


def _shown(program: Process, title: str) -> int:
    return sum(title in line for line in program.stdout_lines)


def test_the_guide_has_no_other_blocks() -> None:
    """Every block of the guide is run here, but for React's, which is part of an example with tests of its own."""
    assert set(_blocks()) == {(example.heading, example.language) for example in (*LIVE, PAGE)} | _ELSEWHERE


def _start_all(start: Start, url: str, running: ExitStack, *sellers: str) -> list[tuple[Example, str, Process]]:
    return [
        (example, seller, running.enter_context(start(example, url, seller))) for seller in sellers for example in LIVE
    ]


def _save_while_no_server_runs(deployment: Deployment) -> None:
    """One product in the shop that is looked at, and more than are replayed in the busy one."""
    with deployment.consume() as consumer:
        _publish(deployment, NIGHT)
        _publish(deployment, *(f"Rush {number}" for number in range(100, 100 + _TOO_MANY)), seller=_BUSY_SELLER)
        deployment.wait_until_settled(consumer)


def _walk_over_transports(url: str, cursor: str) -> list[str]:
    """The titles that a client gets which keeps the last cursor alone, and changes its transport after each product."""
    titles, shop = [], f"{url}/api/v1/shop/{_SELLER}"
    with connect(f"{url.replace('http', 'ws')}/products", proxy=None) as websocket:
        request = {"event": "subscribe_to_seller", "data": {"seller_handle": _SELLER, "cursor": cursor}}
        websocket.send(json.dumps(request))
        data = next(message["data"] for message in map(json.loads, websocket) if "product" in message["data"])
    titles.append(data["product"]["title"])
    headers = {"Last-Event-ID": data["cursor"]}
    with httpx2.stream("GET", f"{shop}/events", headers=headers, timeout=_BACK_SECONDS, trust_env=False) as stream:
        record: dict[str, str] = {}
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            record[name] = value
            if name == "data" and '"product":' in value:
                break
    titles.append(json.loads(record["data"])["product"]["title"])
    answer = httpx2.get(f"{shop}/products", params={"cursor": record["id"]}, trust_env=False).json()
    titles += [product["title"] for product in answer["products"]]
    with socketio.SimpleClient() as client:
        client.connect(url, namespace="/products")
        last = answer["metadata"]["cursor"]
        acknowledged = client.call("subscribe_to_seller", {"seller_handle": _SELLER, "cursor": last})
    assert (acknowledged["recovered"], acknowledged["cursor"]) == (True, last)
    return titles


def test_every_live_program_sees_each_product(deployment: Deployment, start: Start) -> None:
    """What is published while it looks, what is saved while the server is dead, what comes later: once, if so said.

    Where too much was saved meanwhile, the page is loaded, or the program says that it should be. One cursor serves
    every transport, also after the server was killed.
    """
    deployment = evolve(deployment, elsewhere={"LINKHUB_ADMIN_TOKEN": _TOKEN})
    port = str(free_port())
    subscribers = 2 * sum(example.subscribes for example in LIVE)
    with ExitStack() as running:
        server, url = deployment.serve("--port", port)
        with server:
            page = httpx2.get(f"{url}/api/v1/shop/{_SELLER}/products", trust_env=False).json()
            programs = _start_all(start, url, running, _SELLER, _BUSY_SELLER)
            _wait_for_subscribers(server, url, subscribers)
            _publish(deployment, MORNING)
            for _, seller, program in programs:
                if seller == _SELLER:
                    program.wait_for_line(MORNING)
            assert server.kill() == -9  # without a goodbye: what all of them have to bear
        _save_while_no_server_runs(deployment)
        server, _ = deployment.serve("--port", port)
        with server:
            for example, seller, program in programs:
                missed = NIGHT if seller == _SELLER else example.when_too_much
                program.wait_for_line(missed, timeout_seconds=_BACK_SECONDS)
            _wait_for_subscribers(server, url, subscribers)
            _publish(deployment, NEXT_DAY)
            _publish(deployment, NEXT_DAY, seller=_BUSY_SELLER)
            for example, seller, program in programs:
                program.wait_for_line(NEXT_DAY)
                if seller == _SELLER and not example.repeats:
                    assert [_shown(program, title) for title in (MORNING, NIGHT, NEXT_DAY)] == [1, 1, 1]
            _withdraw(url, _video_of(NEXT_DAY), seller=_BUSY_SELLER)
            for _, seller, program in programs:
                if seller == _BUSY_SELLER:
                    program.wait_for_line(
                        rf"{_video_of(NEXT_DAY)}\W+removed|removed\W+{_video_of(NEXT_DAY)}|{_REMOVED}"
                    )
            assert _walk_over_transports(url, page["metadata"]["cursor"]) == [MORNING, NIGHT, NEXT_DAY]


def test_the_page_over_rest(deployment: Deployment, start: Start) -> None:
    """It prints the shop, over more than one page, and ends."""
    titles = [f"Dress {number:02}" for number in range(21)]
    server, url = deployment.serve()
    with server:
        _publish(deployment, *titles)
        deployment.wait_until_settled(server)
        with start(PAGE, url) as program:
            assert program.wait() == 0, program.stderr_lines
            assert [line.partition(" ")[2].removesuffix(" null") for line in program.stdout_lines] == titles[::-1]

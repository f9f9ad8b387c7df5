"""The limits of plain HTTP: unread bytes, connections, requests, and time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest
import uvicorn
from attrs import define, field
from starlette.types import ASGIApp, Receive, Scope, Send

from linkhub_adapters.realtime import HttpBounds, RequestScheduler
from linkhub_adapters.realtime.server.http_bounds import SLICE_BYTES, CutReason, RequestKind, bytes_in_kernel, kind_of
from linkhub_adapters.realtime.server.uvicorn_server import HttpConnection, SignalFreeServer
from linkhub_core.access import TrustedProxies
from tests.adapters.realtime.raw_client import RawClient
from tests.adapters.realtime.realtime_fixture import until

GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = 6_000_000
MEBIBYTE = 1_048_576


@define
class Served:
    """A server, its bounds, and what its application has seen."""

    bounds: HttpBounds
    port: int = 0
    connections: set[HttpConnection] = field(factory=set)
    running: int = 0
    most_running: int = 0
    cancelled: int = 0
    gate: asyncio.Event = field(factory=asyncio.Event)
    paths: list[str] = field(factory=list)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """``/large`` is 6 MB, ``medium`` 100 kB, ``/gate`` waits for a gate, everything else is small."""
        await receive()
        self.paths.append(scope["path"])
        if scope["path"].startswith("/gate"):
            await self._wait()
        sizes = {"/large": LARGE, "/medium": 100_000, "/api/v1/shop/medium/events": 100_000}
        body = b"x" * sizes[scope["path"]] if scope["path"] in sizes else scope["path"].encode()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _wait(self) -> None:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    def unsent_bytes(self) -> int:
        """The unsent bytes of all transports."""
        return sum(connection.transport.get_write_buffer_size() for connection in self.connections)


@asynccontextmanager
async def _serving(bounds: HttpBounds) -> AsyncIterator[Served]:
    served = Served(bounds)
    listening = socket.create_server(("127.0.0.1", 0))
    served.port = listening.getsockname()[1]
    config = uvicorn.Config(
        cast(ASGIApp, served.app),
        http=cast(Any, partial(HttpConnection, bounds=bounds)),
        ws="none",
        loop="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = SignalFreeServer(config)
    task = asyncio.create_task(server.serve([listening]))
    await until(lambda: server.started)
    served.connections = cast(set[HttpConnection], server.server_state.connections)
    try:
        yield served
    finally:
        served.gate.set()
        server.should_exit = True
        await task


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server with the default bounds."""
    async with _serving(HttpBounds()) as served:
        yield served


async def _stuck(stack: AsyncExitStack, served: Served, path: bytes, count: int) -> list[RawClient]:
    """Clients that ask and do not read."""
    clients = [
        await stack.enter_async_context(RawClient(served.port, receive_buffer_bytes=4_096)) for _ in range(count)
    ]
    for client in clients:
        await client.send(GET % path)
    return clients


async def test_unread_bytes_are_bounded(served: Served) -> None:
    """Of thirty clients that ask for 6 MB and do not read, each has less than 1 MiB unsent; sixteen are answered."""
    async with AsyncExitStack() as stack:
        await _stuck(stack, served, b"/large", 30)
        await until(lambda: served.bounds.scheduler.waiting == 14 and not served.bounds.scheduler.in_work)
        assert all(each.transport.get_write_buffer_size() <= MEBIBYTE for each in served.connections)
        assert served.unsent_bytes() <= 16 * 2 * SLICE_BYTES


async def test_readers_that_take_nothing_are_cut(served: Served) -> None:
    """After ten seconds, all 72 of them, with the reason; their descriptors are free again."""
    now = asyncio.get_running_loop().time()
    async with AsyncExitStack() as stack:
        await _stuck(stack, served, b"/large", 72)
        for seconds in range(0, 500, 5):
            if not served.connections:
                break
            await asyncio.sleep(0.02)
            served.bounds.sweep(now + 100 + seconds)
        await until(lambda: not served.connections)
        assert served.bounds.cut[CutReason.STALLED] == 72
    async with RawClient(served.port) as client:
        await client.send(GET % b"/after")
        await client.read_until(b"/after")


async def test_what_the_kernel_took_is_unsent_until_the_reader_takes_it(served: Served) -> None:
    """A response that fits into the kernel's buffer is no less stuck there: its reader is cut after ten seconds."""
    now = asyncio.get_running_loop().time()
    async with RawClient(served.port, receive_buffer_bytes=4_096) as client:
        await client.send(GET % b"/medium")
        await until(lambda: any(connection.unsent_bytes() for connection in served.connections))
        for seconds in range(0, 500, 5):
            if not served.connections:
                break
            await asyncio.sleep(0.02)
            served.bounds.sweep(now + 100 + seconds)
        await until(lambda: not served.connections)
        assert served.bounds.cut[CutReason.STALLED] == 1


async def test_a_realtime_reader_whose_network_pauses_is_not_cut(served: Served) -> None:
    """What the kernel holds for it does not count: its heartbeat decides."""
    now = asyncio.get_running_loop().time()
    async with RawClient(served.port, receive_buffer_bytes=4_096) as client:
        await client.send(GET % b"/api/v1/shop/medium/events")
        await until(lambda: any(bytes_in_kernel(connection.transport) for connection in served.connections))
        for seconds in range(0, 50, 5):
            served.bounds.sweep(now + 100 + seconds)
        assert served.bounds.cut[CutReason.STALLED] == 0


async def test_a_slow_reader_is_not_cut(served: Served) -> None:
    """As long as it takes a byte within ten seconds, it gets the whole response."""
    now = asyncio.get_running_loop().time()
    async with RawClient(served.port, receive_buffer_bytes=4_096) as client:
        await client.send(GET % b"/large")
        received, looks = 0, 0
        while received < LARGE:
            received += len(await client.read())
            if received // 200_000 > looks:
                looks = received // 200_000
                served.bounds.sweep(now + 9 * looks)
        assert served.bounds.cut[CutReason.STALLED] == 0


async def test_an_address_has_so_many_connections() -> None:
    """One more is answered 429 and closed; another one's end makes room."""
    async with _serving(HttpBounds(connections_per_address=3)) as served, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(RawClient(served.port)) for _ in range(3)]
        await until(lambda: len(served.connections) == 3)
        async with RawClient(served.port) as refused:
            assert (await refused.read_to_end()).startswith(b"HTTP/1.1 429")
        assert served.bounds.cut[CutReason.ADDRESS] == 1
        clients[0].socket.close()
        await until(lambda: len(served.connections) == 2)
        async with RawClient(served.port) as client:
            await client.send(GET % b"/again")
            await client.read_until(b"/again")


async def test_connections_that_answer_realtime_requests_are_not_counted() -> None:
    """They have a limit of their own; when the answer ends, the connection is counted again."""
    async with _serving(HttpBounds(connections_per_address=1)) as served, RawClient(served.port) as polling:
        await polling.send(b"POST /socket.io/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
        await asyncio.sleep(0.05)
        async with RawClient(served.port) as other:
            await other.send(GET % b"/other")
            await other.read_until(b"/other")
        await until(lambda: len(served.connections) == 1)
        await polling.send(b"x")
        await polling.read_until(b"/socket.io/")
        async with RawClient(served.port) as refused:
            assert (await refused.read_to_end()).startswith(b"HTTP/1.1 429")


async def test_a_few_requests_are_in_work_and_health_does_not_wait() -> None:
    """Others wait for their turn, and get it."""
    async with _serving(HttpBounds(scheduler=RequestScheduler(max_in_work=2))) as served, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(RawClient(served.port)) for _ in range(6)]
        for client in clients:
            await client.send(GET % b"/gate")
        await until(lambda: served.bounds.scheduler.waiting == 4)
        async with RawClient(served.port) as health:
            await health.send(GET % b"/healthz")
            await health.read_until(b"/healthz")
        served.gate.set()
        for client in clients:
            await client.read_until(b"/gate")
        assert served.most_running == 2
        assert served.bounds.scheduler.in_work == 0


async def test_a_process_that_ends_cuts_its_answers_and_logs_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """The requests that are cancelled when its time is over are no errors of the application."""
    async with _serving(HttpBounds()) as served, RawClient(served.port) as client:
        await client.send(GET % b"/gate")
        await until(lambda: served.running == 1)
        for task in next(iter(served.connections)).tasks:
            task.cancel()
        assert await client.read_to_end() == b""
        assert (served.cancelled, served.bounds.scheduler.in_work) == (1, 0)
    assert caplog.messages == []


FORWARDED = b"GET %b HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %b\r\n\r\n"


async def test_behind_a_trusted_proxy_each_client_has_so_many_requests() -> None:
    """A proxy's connection is counted for the client of its request, while that is answered."""
    bounds = HttpBounds(connections_per_address=2, trusted_proxies=TrustedProxies.parse(["127.0.0.1"]))
    async with _serving(bounds) as served, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(RawClient(served.port)) for _ in range(5)]
        for client in clients[:2]:
            await client.send(FORWARDED % (b"/gate", b"203.0.113.7"))
        await until(lambda: served.running == 2)
        await clients[2].send(FORWARDED % (b"/more", b"198.51.100.1, 203.0.113.7"))
        assert (await clients[2].read_until(b"too many connections.")).startswith(b"HTTP/1.1 429")
        await clients[3].send(FORWARDED % (b"/other", b"203.0.113.8"))
        assert (await clients[3].read_until(b"/other")).startswith(b"HTTP/1.1 200")
        await clients[4].send(FORWARDED % (b"/healthz", b"203.0.113.7"))
        await clients[4].read_until(b"/healthz")
        served.gate.set()
        for client in clients[:2]:
            await client.read_until(b"/gate")
        await clients[2].send(FORWARDED % (b"/again", b"203.0.113.7"))
        await clients[2].read_until(b"/again")


async def test_behind_a_trusted_proxy_clients_take_turns() -> None:
    """The requests of one client that wait do not go before the only one of another."""
    bounds = HttpBounds(scheduler=RequestScheduler(max_in_work=1), trusted_proxies=TrustedProxies.parse(["127.0.0.1"]))
    async with _serving(bounds) as served, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(RawClient(served.port)) for _ in range(4)]
        for number, (client, address) in enumerate(zip(clients, [b"203.0.113.7"] * 3 + [b"203.0.113.8"], strict=True)):
            await client.send(FORWARDED % (b"/gate/%d" % number, address))
            await until(lambda expected=number: served.running + served.bounds.scheduler.waiting > expected)
        served.gate.set()
        for client in clients:
            await client.read_until(b"/gate")
        assert served.paths[0] == "/gate/0"
        assert served.paths.index("/gate/3") < served.paths.index("/gate/2")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v1/shop/nalu/events", RequestKind.REALTIME),
        ("/api/v1/shop/nalu/products/events", RequestKind.PAGE),
        ("/api/v1/shop/events", RequestKind.PAGE),
        ("/socket.io", RequestKind.REALTIME),
        ("/socket.io/", RequestKind.REALTIME),
        ("/socket.io.html", RequestKind.PAGE),
        ("/readyz", RequestKind.HEALTH),
    ],
)
def test_the_kind_of_a_request(path: str, kind: RequestKind) -> None:
    """Only what is realtime has the limits of realtime; a product may be called ``events``."""
    assert kind_of({"path": path}) is kind


@pytest.mark.parametrize("is_waiting", [False, True])
async def test_a_read_whose_client_is_gone_is_cancelled(is_waiting: bool) -> None:
    """Whether it is in work or waits; its place is free again, and nothing is logged as a failure."""
    async with _serving(HttpBounds(scheduler=RequestScheduler(max_in_work=1))) as served:
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(RawClient(served.port))
            await first.send(GET % b"/gate")
            await until(lambda: served.running == 1)
            if is_waiting:
                async with RawClient(served.port) as second:
                    await second.send(GET % b"/gate")
                    await until(lambda: served.bounds.scheduler.waiting == 1)
        await until(lambda: served.bounds.scheduler.in_work == 0)
        assert (served.cancelled, served.running) == (1, 0)
        async with RawClient(served.port) as client:
            await client.send(GET % b"/next")
            await client.read_until(b"/next")


async def test_a_write_is_finished_though_its_client_is_gone(served: Served) -> None:
    """Only reads are cancelled."""
    async with RawClient(served.port) as client:
        await client.send(b"POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await until(lambda: served.running == 1)
    await until(lambda: not served.connections)
    served.gate.set()
    await until(lambda: served.running == 0)
    assert served.cancelled == 0


async def test_a_large_response_arrives_whole_and_in_order(served: Served) -> None:
    """In slices, behind its head, and the next request of the connection is answered after it."""
    async with RawClient(served.port) as client:
        await client.send(GET % b"/large" + GET % b"/small")
        received = await client.read_until(b"/small")
    head, _, rest = received.partition(b"\r\n\r\n")
    assert b"content-length: 6000000" in head
    assert rest[:LARGE] == b"x" * LARGE
    assert rest[LARGE:].startswith(b"HTTP/1.1 200")


async def test_too_many_requests_behind_one_are_cut_with_the_reason(served: Served) -> None:
    """A pipeline holds sixteen."""
    async with RawClient(served.port) as client:
        await client.send(GET % b"/gate" + (GET % b"/x") * 20)
        await client.read_to_end()
    assert served.bounds.cut[CutReason.PIPELINE] == 1

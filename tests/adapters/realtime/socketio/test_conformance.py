"""The cases of the published Socket.IO 5 test suite, played over the Engine.IO sessions and a shell in memory.

Where the suite's server echoes binary events, ours refuses them: those two cases say so here.
"""

import orjson
import pytest

from linkhub_adapters.realtime import engineio
from linkhub_adapters.realtime.engineio import EngineSettings, encode_text_message
from linkhub_adapters.realtime.socketio import (
    BinaryRefused,
    Closed,
    ConnectRequested,
    Event,
    EventReceived,
    NamespaceRefused,
    SocketSession,
    encode_ack,
    encode_event,
)
from tests.adapters.realtime.engineio.memory_server import MemoryServer, Socket

CONNECT_TIMEOUT = 1.0
SETTINGS = EngineSettings(ping_interval_seconds=0.3, ping_timeout_seconds=0.2)


class SocketServer:
    """The suite's server: `auth` after CONNECT, `message` sent back as `message-back`, `message-with-ack` acked."""

    def __init__(self) -> None:
        self.engine = MemoryServer(self.handle, settings=SETTINGS)
        self.sessions: dict[str, SocketSession] = {}
        self.refused: list[BinaryRefused] = []

    def open(self) -> Socket:
        """A WebSocket whose Engine.IO handshake is read."""
        socket = self.engine.open_websocket()
        self.sockets(socket)
        return socket

    def connect(self) -> Socket:
        """A WebSocket that is connected to the main namespace."""
        socket = self.open()
        socket.send("40")
        assert len(socket.take()) == 2
        return socket

    def sockets(self, socket: Socket) -> SocketSession:
        assert socket.session is not None
        return self.session(socket.session)

    def session(self, session: engineio.EngineSession) -> SocketSession:
        return self.sessions.setdefault(
            session.sid,
            SocketSession(namespaces=["/", "/custom"], now=self.engine.now, connect_timeout_seconds=CONNECT_TIMEOUT),
        )

    def advance(self, socket: Socket, seconds: float) -> None:
        """Let time pass for one client's Socket.IO session."""
        self.engine.now += seconds
        assert socket.session is not None
        if self.sockets(socket).tick(self.engine.now):
            self.engine.settle(socket.session, socket.session.close(self.engine.now))

    def handle(self, engine: MemoryServer, session: engineio.EngineSession, event: engineio.Event) -> None:
        if isinstance(event, engineio.MessageReceived):
            outcome = self.session(session).receive_message(event.data, engine.now)
            if isinstance(outcome, Closed):
                engine.close(session)
            for message in self.replies(self.session(session), outcome):
                engine.send(session, encode_text_message(message))

    def replies(self, session: SocketSession, event: Event | None) -> list[bytes]:
        match event:
            case ConnectRequested(namespace=namespace, auth=auth):
                reply = session.accept(namespace, sid="socket")
                return [reply, encode_event(namespace, "auth", orjson.dumps(auth))]
            case NamespaceRefused(reply=reply):
                return [reply]
            case EventReceived(namespace=namespace, ack_id=None, arguments=arguments):
                return [encode_event(namespace, "message-back", orjson.dumps(arguments)[1:-1])]
            case EventReceived(namespace=namespace, ack_id=int(ack_id), arguments=arguments):
                return [encode_ack(namespace, ack_id, orjson.dumps(arguments)[1:-1])]
            case BinaryRefused():
                self.refused.append(event)
        return []


@pytest.fixture
def server() -> SocketServer:
    """A server with the timing of the published suite."""
    return SocketServer()


@pytest.mark.parametrize(
    ("sent", "replies"),
    [
        ("40", ['40{"sid":"socket"}', '42["auth",{}]']),
        ('40{"token":"123"}', ['40{"sid":"socket"}', '42["auth",{"token":"123"}]']),
        ("40/custom,", ['40/custom,{"sid":"socket"}', '42/custom,["auth",{}]']),
        ('40/custom,{"token":"abc"}', ['40/custom,{"sid":"socket"}', '42/custom,["auth",{"token":"abc"}]']),
        ("40/random", ['44/random,{"message":"Invalid namespace"}']),
    ],
)
def test_connect(server: SocketServer, sent: str, replies: list[str]) -> None:
    """CONNECT to a known namespace, with a payload or without, is answered with a sid; to another with an error."""
    socket = server.open()
    socket.send(sent)
    assert socket.take() == replies
    assert not socket.is_closed


def test_invalid_handshake_closes(server: SocketServer) -> None:
    """A first message that is no CONNECT closes the connection."""
    socket = server.open()
    socket.send("4abc")
    assert socket.is_closed


def test_no_handshake_closes(server: SocketServer) -> None:
    """A client that never sends CONNECT is closed."""
    socket = server.open()
    server.advance(socket, CONNECT_TIMEOUT)
    assert socket.is_closed


def test_disconnect_from_the_main_namespace(server: SocketServer) -> None:
    """It has no answer: the next that comes is a ping."""
    socket = server.connect()
    socket.send("41")
    server.engine.advance(0.3)
    assert socket.take() == ["2"]


def test_disconnect_from_a_custom_namespace(server: SocketServer) -> None:
    """The main namespace goes on."""
    socket = server.connect()
    socket.send("40/custom")
    assert len(socket.take()) == 2
    socket.send("41/custom", '42["message","message to main namespace"]')
    assert socket.take() == ['42["message-back","message to main namespace"]']


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        ('42["message",1,"2",{"3":[true]}]', '42["message-back",1,"2",{"3":[true]}]'),
        ('42456["message-with-ack",1,"2",{"3":[false]}]', '43456[1,"2",{"3":[false]}]'),
    ],
)
def test_plain_text_packets(server: SocketServer, sent: str, reply: str) -> None:
    """An event comes back, or is acknowledged with its id."""
    socket = server.connect()
    socket.send(sent)
    assert socket.take() == [reply]


@pytest.mark.parametrize(
    ("head", "ack_id"),
    [
        ('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', None),
        ('452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]', 789),
    ],
)
def test_binary_packets_are_refused(server: SocketServer, head: str, ack_id: int | None) -> None:
    """An event with attachments is refused, they are dropped, and the connection goes on."""
    socket = server.connect()
    socket.send(head, b"\x01\x02\x03", b"\x04\x05\x06")
    assert server.refused == [BinaryRefused(namespace="/", ack_id=ack_id)]
    assert socket.take() == []
    socket.send('42["message",1]')
    assert socket.take() == ['42["message-back",1]']


@pytest.mark.parametrize("sent", ["4abc", "42{}", '42abc["message-with-ack",1,"2",{"3":[false]}]'])
def test_invalid_format_closes(server: SocketServer, sent: str) -> None:
    """An unknown type, a payload that is no array, and an ack id that is no number close the connection."""
    socket = server.connect()
    socket.send(sent)
    assert socket.is_closed


def test_a_polling_client_connects(server: SocketServer) -> None:
    """The sample session of the protocol's text: handshake, CONNECT, its approval and an event, all by polling."""
    sid = server.engine.open_polling()
    assert server.engine.post(sid, b"40").body == b"ok"
    assert server.engine.get(sid).body == b'40{"sid":"socket"}\x1e42["auth",{}]'
    assert server.engine.post(sid, b'42["message",1]\x1e427["x",2]').body == b"ok"
    assert server.engine.get(sid).body == b'42["message-back",1]\x1e437[2]'

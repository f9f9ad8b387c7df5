"""A session beyond the published cases: its table whole, attachments, time-outs, and any sequence of messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.realtime.socketio import (
    BinaryRefused,
    Closed,
    CloseReason,
    ConnectRequested,
    Disconnected,
    Event,
    EventReceived,
    LocalProtocolError,
    NamespaceRefused,
    SocketSession,
)


@pytest.fixture
def absent() -> SocketSession:
    """A client that has said nothing yet, at second 0."""
    return SocketSession(namespaces=["/products", "/"], now=0.0, connect_timeout_seconds=45.0)


@pytest.fixture
def asking(absent: SocketSession) -> SocketSession:
    """A client whose CONNECT awaits its answer."""
    absent.receive_message("0/products,", now=1.0)
    return absent


@pytest.fixture
def connected(asking: SocketSession) -> SocketSession:
    """A client that is connected."""
    asking.accept("/products", sid="c")
    return asking


def close_reason(event: Event | None) -> CloseReason:
    assert isinstance(event, Closed)
    return event.reason


class TestConnect:
    def test_credentials_come_with_the_request(self, absent: SocketSession) -> None:
        """And are empty if there are none."""
        event = absent.receive_message('0/products,{"token":"t"}', now=1.0)
        assert event == ConnectRequested(namespace="/products", auth={"token": "t"})
        assert absent.receive_message("0", now=1.0) == ConnectRequested(namespace="/", auth={})

    def test_accepted(self, asking: SocketSession) -> None:
        """The reply names the socket; the client is connected from then on."""
        assert not asking.is_connected("/products")
        assert asking.accept("/products", sid="c") == b'0/products,{"sid":"c"}'
        assert asking.is_connected("/products")

    def test_an_unknown_namespace_goes_on(self, absent: SocketSession) -> None:
        """It is refused, the connection stays, and nothing of it is kept."""
        for _ in range(3):
            assert absent.receive_message("0/random", now=1.0) == NamespaceRefused(
                namespace="/random", reply=b'4/random,{"message":"Invalid namespace"}'
            )
        assert isinstance(absent.receive_message("0/products", now=1.0), ConnectRequested)

    @pytest.mark.parametrize("state", ["asking", "connected"])
    def test_connecting_twice_closes(self, state: str, request: pytest.FixtureRequest) -> None:
        """Whether the first was answered or not."""
        session: SocketSession = request.getfixturevalue(state)
        assert close_reason(session.receive_message("0/products,", now=2.0)) is CloseReason.OUT_OF_PLACE

    @pytest.mark.parametrize("text", ['2/products,["e"]', "3/products,1[]", "1/products,", '51-/products,["e"]'])
    @pytest.mark.parametrize("state", ["absent", "asking"])
    def test_anything_before_connect_closes(self, state: str, text: str, request: pytest.FixtureRequest) -> None:
        """At once, as the protocol demands."""
        session: SocketSession = request.getfixturevalue(state)
        assert close_reason(session.receive_message(text, now=2.0)) is CloseReason.OUT_OF_PLACE

    def test_namespaces_are_apart(self, connected: SocketSession) -> None:
        """To be connected to one is not to be connected to another."""
        assert close_reason(connected.receive_message('2["e"]', now=2.0)) is CloseReason.OUT_OF_PLACE


class TestConnected:
    def test_event(self, connected: SocketSession) -> None:
        """Its name, its arguments, and no ack unless it was asked for."""
        assert connected.receive_message('2/products,["e",1,{"a":[true]}]', now=2.0) == EventReceived(
            namespace="/products", name="e", arguments=(1, {"a": [True]})
        )

    def test_event_with_ack(self, connected: SocketSession) -> None:
        """Id 0, the first that clients use, is an id."""
        assert connected.receive_message('2/products,0["e"]', now=2.0) == EventReceived(
            namespace="/products", name="e", arguments=(), ack_id=0
        )

    def test_an_acknowledgement_has_no_event(self, connected: SocketSession) -> None:
        """The server asks for none; the connection goes on."""
        assert connected.receive_message("3/products,7[1,2]", now=2.0) is None
        assert isinstance(connected.receive_message('2/products,["e"]', now=2.0), EventReceived)

    def test_connect_error_from_a_client_closes(self, connected: SocketSession) -> None:
        """It is the server's to send."""
        event = connected.receive_message('4/products,{"message":"no"}', now=2.0)
        assert close_reason(event) is CloseReason.OUT_OF_PLACE

    @pytest.mark.parametrize("text", ["abc", "2/products,{}", '2/products,abc["e"]', "2/products,[]"])
    def test_malformed_packets_close(self, connected: SocketSession, text: str) -> None:
        """With what was wrong in words."""
        event = connected.receive_message(text, now=2.0)
        assert close_reason(event) is CloseReason.MALFORMED
        assert isinstance(event, Closed)
        assert event.detail

    def test_disconnect_by_the_client(self, connected: SocketSession) -> None:
        """It leaves the namespace, and may come back."""
        assert connected.receive_message("1/products,", now=2.0) == Disconnected(namespace="/products")
        assert not connected.is_connected("/products")
        assert isinstance(connected.receive_message("0/products,", now=3.0), ConnectRequested)

    def test_nothing_follows_the_end(self, connected: SocketSession) -> None:
        """Whatever comes after `Closed` is ignored."""
        assert isinstance(connected.receive_message("abc", now=2.0), Closed)
        assert connected.receive_message('2/products,["e"]', now=2.0) is None
        assert connected.receive_message(b"\x01", now=2.0) is None
        assert connected.tick(now=1e9) is None
        assert not connected.is_connected("/products")


class TestBinary:
    def test_attachments_are_dropped(self, connected: SocketSession) -> None:
        """The event is refused at once, its attachments are nothing, and what follows is heard."""
        event = connected.receive_message('52-/products,7["e",{"_placeholder":true,"num":0}]', now=2.0)
        assert event == BinaryRefused(namespace="/products", ack_id=7)
        assert [connected.receive_message(b"x", now=2.0) for _ in range(2)] == [None, None]
        assert isinstance(connected.receive_message('2/products,["e"]', now=2.0), EventReceived)

    def test_binary_acks_too(self, connected: SocketSession) -> None:
        """They are refused alike."""
        event = connected.receive_message('61-/products,7[{"_placeholder":true,"num":0}]', now=2.0)
        assert event == BinaryRefused(namespace="/products", ack_id=7)

    def test_one_attachment_too_many_closes(self, connected: SocketSession) -> None:
        """It belongs to no event."""
        connected.receive_message('51-/products,["e"]', now=2.0)
        assert connected.receive_message(b"x", now=2.0) is None
        assert close_reason(connected.receive_message(b"x", now=2.0)) is CloseReason.OUT_OF_PLACE

    def test_text_among_attachments_closes(self, connected: SocketSession) -> None:
        """They would never be complete."""
        connected.receive_message('51-/products,["e"]', now=2.0)
        assert close_reason(connected.receive_message('2/products,["e"]', now=2.0)) is CloseReason.OUT_OF_PLACE

    @pytest.mark.parametrize(("count", "is_closed"), [(10, False), (11, True)])
    def test_attachments_are_bounded(self, connected: SocketSession, count: int, is_closed: bool) -> None:
        """More than ten are an attack."""
        event = connected.receive_message(f'5{count}-/products,["e"]', now=2.0)
        assert isinstance(event, Closed) is is_closed


class TestConnectTimeout:
    def test_a_client_that_never_connects_is_closed(self, absent: SocketSession) -> None:
        """At its time and not before, once."""
        assert absent.deadline == 45.0
        assert absent.tick(now=44.9) is None
        assert absent.tick(now=45.0) == Closed(reason=CloseReason.CONNECT_TIMEOUT)
        assert absent.deadline is None
        assert absent.tick(now=46.0) is None

    def test_asking_puts_nothing_off(self, asking: SocketSession) -> None:
        """Nor does a namespace that does not exist."""
        asking.receive_message("0/random", now=44.0)
        assert asking.deadline == 45.0

    def test_a_connected_client_may_be_silent(self, connected: SocketSession) -> None:
        """The heartbeat of Engine.IO looks after it."""
        assert connected.deadline is None
        assert connected.tick(now=1e9) is None

    def test_a_client_that_leaves_its_last_namespace_has_to_go_on(self, connected: SocketSession) -> None:
        """It has the same time again."""
        connected.receive_message("0", now=2.0)
        connected.accept("/", sid="d")
        connected.receive_message("1", now=3.0)
        assert connected.deadline is None
        connected.receive_message("1/products,", now=4.0)
        assert connected.deadline == 49.0


class TestLocalMistakes:
    @pytest.mark.parametrize("namespace", ["/products", "/"])
    def test_an_answer_without_a_request(self, connected: SocketSession, namespace: str) -> None:
        """A request is accepted once."""
        with pytest.raises(LocalProtocolError):
            connected.accept(namespace, sid="c")

    def test_an_answer_after_the_end(self, asking: SocketSession) -> None:
        """A shell that took its time finds that out."""
        asking.receive_message("abc", now=2.0)
        with pytest.raises(LocalProtocolError):
            asking.accept("/products", sid="c")


MESSAGES = st.lists(
    st.sampled_from(["0", "0/products,", "0/random", "1", "1/products,", "31[]", "abc", '4{"message":""}'])
    | st.sampled_from(['2["e"]', '2/products,1["e",{}]', '52-["e"]', '59-/products,["e"]', '599-["e"]'])
    | st.text(alphabet=st.characters(exclude_categories=()))
    | st.binary(),
    max_size=30,
)


@given(MESSAGES)
def test_any_messages_have_a_documented_outcome(messages: list[str | bytes]) -> None:
    """Whatever comes, nothing raises, only the connected are heard, and the end is the end."""
    allowlist = frozenset({"/products", "/"})
    session = SocketSession(namespaces=allowlist, now=0.0)
    is_closed = False
    for message in messages:
        was_connected = {namespace for namespace in allowlist if session.is_connected(namespace)}
        event = session.receive_message(message, now=1.0)
        assert not (is_closed and event)
        is_closed |= isinstance(event, Closed)
        if isinstance(event, ConnectRequested):
            session.accept(event.namespace, sid="c")
        if isinstance(event, EventReceived | BinaryRefused | Disconnected):
            assert event.namespace in was_connected
        connected = [each for each in ("/products", "/", "/random", "/else") if session.is_connected(each)]
        assert set(connected) <= allowlist
        assert is_closed or (session.deadline is None) is bool(connected)

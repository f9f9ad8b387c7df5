"""A session under any sequence of calls, whatever the client sends: Hypothesis looks for one that breaks a rule.

The client here reads what it is given, and otherwise does as it likes: polls, posts and frames that are well formed or
not, probes, losses, silence. The machine holds what must be true after each step.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from linkhub_adapters.realtime.engineio import (
    Closed,
    EngineSession,
    EngineSettings,
    Event,
    MessageReceived,
    Transport,
    encode_text_message,
)
from linkhub_adapters.realtime.engineio.packet import Packet, PacketType, decode_frame, decode_payload

SETTINGS = EngineSettings(max_unsent_bytes=120, max_payload_bytes=60, max_payload_packets=8, max_packet_bytes=20)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=30)
WELL_FORMED = st.sampled_from(["2probe", "5", "3", "4hello", "6", "1"])
FRAMES = WELL_FORMED | WELL_FORMED | ANY_TEXT | st.binary(max_size=30)
RECORDS = st.sampled_from([b"4hello", b"3", b"6", b"bAQID", b"4", b"4\xe2\x82\xac"])
BODIES = st.lists(RECORDS, min_size=1, max_size=10).map(b"\x1e".join) | st.binary(max_size=80)


class SessionMachine(RuleBasedStateMachine):
    """One session, the client's view of it, and the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.sent: list[str] = []
        self.got: list[str] = []
        self.poll_hangs = False
        self.was_closed = False
        self.start(Transport.POLLING)

    def start(self, transport: Transport) -> None:
        self.session = EngineSession(sid="s", transport=transport, now=self.now, settings=SETTINGS)

    def note(self, events: tuple[Event, ...], *, most_message_bytes: int = 0) -> None:
        """Hold what is true of the events of any call."""
        assert not (self.was_closed and events), "events after Closed"
        assert sum(isinstance(event, Closed) for event in events) <= 1
        self.was_closed |= any(isinstance(event, Closed) for event in events)
        assert self.was_closed is not self.session.is_open
        received = [len(event.data) for event in events if isinstance(event, MessageReceived)]
        assert sum(received) <= most_message_bytes
        self.take()

    def take(self) -> None:
        """Read all that the session gives, as its shell has to."""
        for frame in self.session.frames_to_send():
            self.read(decode_frame(frame.frame.decode(), max_bytes=10_000))
        payload = self.session.poll_response()
        if payload is not None:
            assert self.poll_hangs, "an answer to no poll"
            assert len(payload) <= SETTINGS.max_payload_bytes or b"\x1e" not in payload
            self.poll_hangs = False
            for packet in decode_payload(payload, EngineSettings()):
                self.read(packet)

    def read(self, packet: Packet) -> None:
        if packet.type is PacketType.MESSAGE:
            assert isinstance(packet.data, str)
            self.got.append(packet.data)

    @rule(size=st.integers(0, 40))
    def send(self, size: int) -> None:
        text = f"{len(self.sent)}:".ljust(size, "x")
        if self.session.is_open:
            self.sent.append(text)
        self.note(self.session.send(encode_text_message(text.encode())))

    @rule()
    def poll(self) -> None:
        handled = self.session.open_poll()
        self.poll_hangs |= handled.refusal is None
        self.note(handled.events)

    @rule(body=BODIES)
    def post(self, body: bytes) -> None:
        handled = self.session.open_post()
        self.note(handled.events)
        if handled.refusal is None:
            handled = self.session.receive_payload(body, self.now)
            self.note(handled.events, most_message_bytes=len(body))

    @rule()
    def begin_a_post(self) -> None:
        self.note(self.session.open_post().events)

    @rule()
    def open_upgrade(self) -> None:
        self.note(self.session.open_upgrade(self.now).events)

    @rule(frame=FRAMES)
    def frame(self, frame: str | bytes) -> None:
        self.note(self.session.receive_frame(frame, self.now), most_message_bytes=len(frame))

    @rule()
    def upgrade(self) -> None:
        self.note(self.session.open_upgrade(self.now).events)
        for frame in ("2probe", "5"):
            self.note(self.session.receive_frame(frame, self.now))

    @rule(seconds=st.sampled_from([0.0, 1.0, 10.0, 20.0, 25.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.note(self.session.tick(self.now))
        assert self.session.deadline is None or self.session.deadline > self.now

    @rule()
    def lose_websocket(self) -> None:
        self.note(self.session.lose_websocket())

    @rule()
    def lose_request(self) -> None:
        self.poll_hangs = False
        self.note(self.session.lose_request())

    @rule()
    def close(self) -> None:
        was_open = self.session.is_open
        self.note(self.session.close(self.now))
        while was_open and not self.session.is_finished:
            self.poll()
        assert not was_open or self.got == self.sent, "a session closed by the server delivers all that waits"

    @rule(transport=st.sampled_from(Transport))
    def begin_again(self, transport: Transport) -> None:
        if self.session.is_finished:
            self.sent, self.got, self.was_closed = [], [], False
            self.start(transport)
            self.take()

    @invariant()
    def delivered_in_order_and_once(self) -> None:
        assert self.got == self.sent[: len(self.got)]

    @invariant()
    def bounded(self) -> None:
        close_packet_bytes = 2
        assert self.session.unsent_bytes <= SETTINGS.max_unsent_bytes + close_packet_bytes

    @invariant()
    def a_finished_session_holds_nothing(self) -> None:
        if self.session.is_finished:
            assert self.session.unsent_bytes == 0
            assert self.session.deadline is None


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)

"""Engine.IO 4, the server's side, without I/O.

No sockets, no clock, no tasks: bytes and times go in; events, bytes and a deadline come out, as in the protocol cores
of h11 and websockets. The content of messages has no meaning here.

    packet     the wire formats; a broadcast's `EncodedPacket` is made once and shared
    request    the intent of an HTTP request
    session    `EngineSession`: one client on either transport, with its `outbox`
    events     its events, and the documented refusals

How a shell drives a session. After every call it acts on the events, then takes `frames_to_send()` and
`poll_response()`. It calls `tick` at `deadline`, and removes the session when it `is_finished`.

**Polling.** The first GET opens the session and is its first poll; a poll that has no response yet hangs.

>>> session = EngineSession(sid="s1", transport=Transport.POLLING, now=0.0, settings=EngineSettings())
>>> session.open_poll()
Handled(events=(), refusal=None)
>>> session.poll_response()
b'0{"sid":"s1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'
>>> session.open_post(), session.receive_payload(b"4hello\\x1e4world", now=1.0).events
(Handled(events=(), refusal=None), (MessageReceived(data='hello'), MessageReceived(data='world')))
>>> session.open_poll().refusal, session.poll_response()
(None, None)
>>> session.send(encode_text_message(b"news")), session.poll_response()
((), b'4news')

**An upgrade.** A WebSocket comes with the sid of a session that polls; its frames go to `receive_frame`.

>>> session.open_poll().refusal, session.poll_response(), session.open_upgrade(now=2.0).refusal
(None, None, None)
>>> session.receive_frame("2probe", now=2.1), session.frames_to_send()[0].frame, session.poll_response()
((), b'3probe', b'6')
>>> session.receive_frame("5", now=2.2), session.transport
((Upgraded(),), <Transport.WEBSOCKET: 'websocket'>)

**WebSocket**, after an upgrade or from the start (`transport=Transport.WEBSOCKET`: the handshake is the
first frame).

>>> session.receive_frame("4hello", now=3.0), session.send(encode_text_message(b"news"))
((MessageReceived(data='hello'),), ())
>>> [packet.frame for packet in session.frames_to_send()], session.deadline
([b'4news'], 25.0)
>>> session.close(now=4.0), session.is_finished
((Closed(reason=<CloseReason.SERVER_CLOSE: 'forced server close'>),), True)

**A broadcast.** `packet = encode_text_message(...)` once; `session.send(packet)` for each that polls. For
one that `is_open` on its WebSocket, and whose frames were taken (they are, after every call), nothing
waits: a gateway may write the ready frame of `packet.frame` straight to the connection, past the session.
"""

from linkhub_adapters.realtime.engineio.events import (
    FORBIDDEN,
    Closed,
    CloseReason,
    Event,
    Handled,
    MessageReceived,
    Refusal,
    Upgraded,
    UpgradeFailed,
)
from linkhub_adapters.realtime.engineio.packet import EncodedPacket, encode_binary_message, encode_text_message
from linkhub_adapters.realtime.engineio.request import Intent, SessionRequest, read_request
from linkhub_adapters.realtime.engineio.session import EngineSession
from linkhub_adapters.realtime.engineio.settings import EngineSettings, Transport

__all__ = [
    "FORBIDDEN",
    "CloseReason",
    "Closed",
    "EncodedPacket",
    "EngineSession",
    "EngineSettings",
    "Event",
    "Handled",
    "Intent",
    "MessageReceived",
    "Refusal",
    "SessionRequest",
    "Transport",
    "UpgradeFailed",
    "Upgraded",
    "encode_binary_message",
    "encode_text_message",
    "read_request",
]

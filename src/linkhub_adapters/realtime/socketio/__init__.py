"""Socket.IO 5, the server's side, without I/O, on top of Engine.IO messages.

No sockets, no clock, no tasks: messages and times go in, events and messages come out. Namespaces are an
allowlist, events carry JSON, and binary attachments are refused without being kept.

    packet     the grammar and its table, and the packets of a server
    session    `SocketSession`: one client's namespaces
    events     its events

How a shell drives a session: it hands in each message that Engine.IO received, acts on the event, and sends
what it is given to send as an Engine.IO text message. It calls `tick` at `deadline`; on `Closed` it closes
the Engine.IO session.

>>> session = SocketSession(namespaces=["/products"], now=0.0)
>>> session.receive_message('0/products,{"token":"t"}', now=0.1)
ConnectRequested(namespace='/products', auth={'token': 't'})
>>> session.accept("/products", sid="c1")
b'0/products,{"sid":"c1"}'
>>> session.receive_message('2/products,7["unsubscribe",{"seller_handle":"nalu"}]', now=0.2)
EventReceived(namespace='/products', name='unsubscribe', arguments=({'seller_handle': 'nalu'},), ack_id=7)
>>> encode_ack("/products", 7, b'{"message":"bye"}')
b'3/products,7[{"message":"bye"}]'
>>> session.receive_message("0/else", now=0.3).reply
b'4/else,{"message":"Invalid namespace"}'
>>> session.receive_message("1/products,", now=0.4), session.deadline
(Disconnected(namespace='/products'), 45.4)
>>> session.receive_message('2/products,["unsubscribe"]', now=0.5)
Closed(reason=<CloseReason.OUT_OF_PLACE: 'packet out of place'>, detail='EVENT before CONNECT')

A broadcast to all subscribers, whatever their transport, is one `encode_event` and one Engine.IO
`encode_text_message`:

>>> encode_event("/products", "new_product", b'{"revision":1}')
b'2/products,["new_product",{"revision":1}]'
"""

from linkhub_adapters.realtime.socketio.events import (
    BinaryRefused,
    Closed,
    CloseReason,
    ConnectRequested,
    Disconnected,
    Event,
    EventReceived,
    NamespaceRefused,
)
from linkhub_adapters.realtime.socketio.packet import encode_ack, encode_event
from linkhub_adapters.realtime.socketio.session import LocalProtocolError, SocketSession

__all__ = [
    "BinaryRefused",
    "CloseReason",
    "Closed",
    "ConnectRequested",
    "Disconnected",
    "Event",
    "EventReceived",
    "LocalProtocolError",
    "NamespaceRefused",
    "SocketSession",
    "encode_ack",
    "encode_event",
]

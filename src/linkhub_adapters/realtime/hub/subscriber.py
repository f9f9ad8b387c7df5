"""One connection as the hub sees it: its session, how it is written to, and the order of its answers.

Each message of a client has one answer, and answers leave in the order of the messages. The answer to a subscription
that catches up is known only after a read of the store: the answers to later messages wait behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from attrs import define, field

from linkhub_adapters.realtime.hub.wire_format import WireFormat
from linkhub_core.application.subscriber_session import Reply, SubscriberSession

Acknowledge = Callable[[bytes], None]


@define(eq=False, kw_only=True)
class Answer:
    """The answer to one message.

    Attributes:
        reply: what is sent; None until it is known.
        acknowledge: takes the JSON of the reply's data once, if the client asked for an acknowledgement.
    """

    reply: Reply | None = None
    acknowledge: Acknowledge | None = None

    def mark_sent(self) -> None:
        """Called right before it is sent."""


@define(eq=False)
class Subscriber:
    """A connection with a session.

    Attributes:
        session: its subscriptions and its message rate.
        wire_format: how events are encoded for it; it changes when a Socket.IO client leaves polling.
        write: takes what the wire format encodes. It never waits and never raises: a connection whose reader has too
            much unsent closes itself.
        unsent_bytes: how many bytes wait for the reader.
    """

    session: SubscriberSession
    wire_format: WireFormat
    write: Callable[[Any], object]
    unsent_bytes: Callable[[], int]
    _answers: list[Answer] = field(factory=list, init=False)

    @property
    def waiting_answers(self) -> Sequence[Answer]:
        """The answers that wait, in the order of their messages."""
        return self._answers

    def queue_answer(self, answer: Answer) -> None:
        """Put an answer behind those that wait; :meth:`send_answers` sends it."""
        self._answers.append(answer)

    def send_answers(self) -> None:
        """Send the answers that are known, up to the first that is not."""
        while self._answers and (reply := self._answers[0].reply) is not None:
            answer = self._answers.pop(0)
            answer.mark_sent()
            data_json = orjson.dumps(reply.data)
            self.write(self.wire_format.encode_reply(reply, data_json))
            if answer.acknowledge is not None:
                answer.acknowledge(data_json)

    def drop_answers(self) -> None:
        """Forget the answers that wait: the connection is closed."""
        self._answers.clear()

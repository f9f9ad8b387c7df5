"""The form of a rejected message in a dead-letter queue: written here, and read here.

The body is unchanged. Two attributes are added, both JSON in ASCII: ``linkhubFaults``, a list of
``{"field", "problem"}`` (with ``"of_store": true`` if a store refused the event), and ``linkhubOrigin``, the history of
the message (source queue, message id, when it was sent and rejected, how often it was delivered). The origin of a
letter of another store also has its kind, because its source queue is not one of these.

SQS takes ten attributes and a limited number of bytes. So eight attributes of the message stay attributes, and the
others move into the origin. Then as many faults are added as fit, with the number of the others. A body that leaves no
room gets no added attributes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import frozen

from linkhub_adapters.aws.sqs.dead_letter_origin import DeadLetterOrigin, DeadLetterQueue, origin_of
from linkhub_adapters.aws.sqs.messages import message_bytes, moment_of, sendable_attributes, text_attributes
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_adapters.aws.sqs.xml_text import MAX_ATTRIBUTES, attributes_fault
from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetter, Rejection
from linkhub_core.wire.codec import timestamp_text

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

FAULTS_ATTRIBUTE = "linkhubFaults"
ORIGIN_ATTRIBUTE = "linkhubOrigin"

MAX_FAULTS_BYTES = 16 * 1024  # more is not readable in a console
MAX_PROBLEM_CHARACTERS = 300
_BYTES_OF_THE_REST = 80  # of the entry with the number of faults that are left out
_NEEDED_BYTES = 1024  # free bytes below which a message may have been rejected without a reason


def dead_letter_attributes(rejection: Rejection, queue: SqsQueue, rejected_at: datetime) -> Mapping[str, str]:
    """The attributes of a rejected message; with its body they fit into the queue."""
    delivery = rejection.delivery
    origin = {
        "queue": queue.name,
        "messageId": delivery.message_id,
        "sentAt": timestamp_text(delivery.sent_at),
        "rejectedAt": timestamp_text(rejected_at),
        "receiveCount": delivery.receive_count,
    }
    return _with_history(delivery.body, delivery.attributes, origin, rejection.faults, queue.max_message_bytes)


def imported_letter_attributes(letter: DeadLetter, queue: SqsQueue) -> Mapping[str, str]:
    """The attributes of a letter of another store; those of the message that SQS cannot carry are left out."""
    origin = {
        "kind": letter.kind,
        "queue": letter.source_queue,
        "messageId": letter.message_id,
        "sentAt": letter.sent_at.isoformat(),
        "rejectedAt": letter.rejected_at.isoformat(),
        "receiveCount": letter.receive_count,
    }
    own = sendable_attributes(letter.attributes)
    return _with_history(letter.body, own, origin, letter.faults, queue.max_message_bytes)


def _with_history(
    body: str,
    attributes: Mapping[str, str],
    origin: Mapping[str, object],
    faults: Sequence[Fault],
    max_message_bytes: int,
) -> Mapping[str, str]:
    own = {name: value for name, value in attributes.items() if name not in _OURS}
    kept = dict(islice(own.items(), MAX_ATTRIBUTES - len(_OURS)))
    moved = {name: value for name, value in own.items() if name not in kept}
    ours = {ORIGIN_ATTRIBUTE: json.dumps({**origin, "attributes": moved}), FAULTS_ATTRIBUTE: ""}
    room = max_message_bytes - message_bytes(body, {**kept, **ours})
    reason = _faults_within(faults, min(room, MAX_FAULTS_BYTES))
    return {**kept, **ours, FAULTS_ATTRIBUTE: reason} if reason else own


_OURS = frozenset({FAULTS_ATTRIBUTE, ORIGIN_ATTRIBUTE})


def _faults_within(faults: Sequence[Fault], room_bytes: int) -> str:
    """As many faults as fit, and the number of the others; empty if not even one fits."""
    listed: list[dict[str, Any]] = []
    used = len("[]")
    for position, fault in enumerate(faults):
        entry: dict[str, Any] = {
            "field": fault.field[:MAX_PROBLEM_CHARACTERS],
            "problem": fault.problem[:MAX_PROBLEM_CHARACTERS],
        }
        if fault.of_store:
            entry["of_store"] = True
        needed = len(json.dumps(entry)) + len(", ")
        if used + needed + _BYTES_OF_THE_REST > room_bytes:
            listed.append({"field": "", "problem": f"and {len(faults) - position:,} more"})
            return json.dumps(listed) if position else ""
        listed.append(entry)
        used += needed
    return json.dumps(listed) if used <= room_bytes else ""


def read_dead_letter(held_in: DeadLetterQueue, message: MessageTypeDef) -> DeadLetter:
    """Read a message of a dead-letter queue, which linkhub, SQS or another program sent there."""
    attributes = text_attributes(message)
    known = _history_of(attributes)
    origin = origin_of(held_in, message, known.queue_name if known else None)
    history = known or _outside_history(held_in, origin, message)
    return DeadLetter(
        letter_id=message["MessageId"],
        kind=history.kind if history.is_imported else origin.kind,
        source_queue=history.queue_name if history.is_imported else origin.queue_name,
        held_in=held_in.name,
        body=message["Body"],
        faults=history.faults,
        message_id=history.message_id,
        receive_count=history.receive_count,
        sent_at=history.sent_at,
        rejected_at=history.rejected_at,
        attributes=_own_attributes(attributes, history),
    )


@frozen(kw_only=True)
class _History:
    """The message before it was a dead letter; ``queue_name`` is empty if the queue is not known.

    Only the history of an imported letter has a ``kind``.
    """

    is_imported: bool = False
    kind: Kind | None = None
    queue_name: str = ""
    faults: Sequence[Fault]
    message_id: str
    receive_count: int
    sent_at: datetime
    rejected_at: datetime
    more_attributes: Mapping[str, str]


def _history_of(attributes: Mapping[str, str]) -> _History | None:
    """The history in linkhub's attributes; none if they are absent or cannot be linkhub's.

    Any sender can invent these attributes: they must not break a list, nor the redrive of other dead letters.
    """
    try:
        history = _read_history(json.loads(attributes[ORIGIN_ATTRIBUTE]), json.loads(attributes[FAULTS_ATTRIBUTE]))
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None
    return history if attributes_fault(_own_attributes(attributes, history)) is None else None


def _own_attributes(attributes: Mapping[str, str], history: _History) -> Mapping[str, str]:
    """The attributes of the original message, which a redrive sends again."""
    return {**{name: attributes[name] for name in attributes if name not in _OURS}, **history.more_attributes}


def _read_history(origin: Mapping[str, Any], faults: Sequence[Mapping[str, Any]]) -> _History:
    kind = origin.get("kind")
    return _History(
        is_imported="kind" in origin,
        kind=None if kind is None else Kind(kind),
        queue_name=str(origin.get("queue", "")),
        faults=tuple(
            Fault(str(fault["field"]), str(fault["problem"]), of_store=fault.get("of_store") is True)
            for fault in faults
        ),
        message_id=str(origin["messageId"]),
        receive_count=int(origin["receiveCount"]),
        sent_at=_moment(origin["sentAt"]),
        rejected_at=_moment(origin["rejectedAt"]),
        more_attributes={str(name): str(value) for name, value in origin["attributes"].items()},
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} is a time without an offset")
    return moment


def _outside_history(held_in: DeadLetterQueue, origin: DeadLetterOrigin, message: MessageTypeDef) -> _History:
    """The history of a message that SQS moved by the redrive policy, or that another program sent.

    It keeps its id and the time it was sent, which is also its time of rejection: SQS does not report that.
    """
    sent_at = moment_of(message["Attributes"]["SentTimestamp"])
    receive_count, problem = _problem_of(origin)
    size = message_bytes(message["Body"], text_attributes(message))
    if size > min(queue.max_message_bytes for queue in held_in.sources) - _NEEDED_BYTES:
        problem += f", or was rejected: its {size:,} bytes leave no room for a reason"
    return _History(
        faults=(Fault("", problem),),
        message_id=message["MessageId"],
        receive_count=receive_count,
        sent_at=sent_at,
        rejected_at=sent_at,
        more_attributes={},
    )


def _problem_of(origin: DeadLetterOrigin) -> tuple[int, str]:
    if origin.queue is not None:
        count = origin.queue.max_receive_count
        return count, f"was delivered {count} times and never acknowledged"
    if origin.queue_name:
        return 0, f"was moved here from the queue {origin.queue_name}, which is none of linkhub's"
    return 0, "was moved here from one of the queues that share this dead-letter queue, or sent here"

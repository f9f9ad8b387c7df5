"""How a rejected message looks in a dead-letter queue, and how it is read back.

The body stays as it was. Two attributes are added, both JSON in ASCII: ``linkhubFaults``, a list of
``{"field", "problem"}`` (with ``"of_store": true`` if a store refused the event), and ``linkhubOrigin``, the message's
life before (source queue, message id, when it was sent and rejected, how often it was delivered). SQS takes ten
attributes and a limited number of bytes in all. So eight attributes of the message's own stay attributes and the rest
moves into the origin; then come as many faults as there is room for, with the number of the others; and a body that
leaves no room at all goes without them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import frozen

from linkhub_adapters.aws.sqs.dead_letter_origin import DeadLetterQueue, LetterOrigin, origin_of
from linkhub_adapters.aws.sqs.messages import message_bytes, moment_of, text_attributes
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_adapters.aws.sqs.xml_text import MAX_ATTRIBUTES, attributes_fault
from linkhub_core.errors import Fault
from linkhub_core.ports import DeadLetter, Rejection
from linkhub_core.wire.codec import timestamp_text

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

__all__ = ["FAULTS_ATTRIBUTE", "ORIGIN_ATTRIBUTE", "letter_attributes", "read_letter"]

FAULTS_ATTRIBUTE = "linkhubFaults"
ORIGIN_ATTRIBUTE = "linkhubOrigin"

MAX_FAULTS_BYTES = 16 * 1024  # what a person reads, and a console shows
MAX_PROBLEM_CHARACTERS = 300
_ROOM_FOR_THE_REST = 80  # bytes of the entry that says how many faults are left out
_NEEDED_BYTES = 1024  # of room beside a body, below which its letter may have had to go without a reason


def letter_attributes(rejection: Rejection, queue: SqsQueue, rejected_at: datetime) -> Mapping[str, str]:
    """The attributes that a rejected message takes along; with its body they fit into the queue."""
    delivery = rejection.delivery
    own = {name: value for name, value in delivery.attributes.items() if name not in _OURS}
    kept = dict(islice(own.items(), MAX_ATTRIBUTES - len(_OURS)))
    origin = {
        "queue": queue.name,
        "messageId": delivery.message_id,
        "sentAt": timestamp_text(delivery.sent_at),
        "rejectedAt": timestamp_text(rejected_at),
        "receiveCount": delivery.receive_count,
        "attributes": {name: value for name, value in own.items() if name not in kept},
    }
    ours = {ORIGIN_ATTRIBUTE: json.dumps(origin), FAULTS_ATTRIBUTE: ""}
    room = queue.max_message_bytes - message_bytes(delivery.body, {**kept, **ours})
    faults = _faults_within(rejection.faults, min(room, MAX_FAULTS_BYTES))
    return {**kept, **ours, FAULTS_ATTRIBUTE: faults} if faults else own


_OURS = frozenset({FAULTS_ATTRIBUTE, ORIGIN_ATTRIBUTE})


def _faults_within(faults: Sequence[Fault], room_bytes: int) -> str:
    """As many faults as fit, and how many more there were; empty when not even one fits."""
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
        if used + needed + _ROOM_FOR_THE_REST > room_bytes:
            listed.append({"field": "", "problem": f"and {len(faults) - position:,} more"})
            return json.dumps(listed) if position else ""
        listed.append(entry)
        used += needed
    return json.dumps(listed) if used <= room_bytes else ""


def read_letter(box: DeadLetterQueue, message: MessageTypeDef) -> DeadLetter:
    """Read a message of a dead-letter queue; linkhub, SQS or another program put it there."""
    attributes = text_attributes(message)
    told = _life_of(attributes)
    origin = origin_of(box, message, told.queue_name if told else None)
    life = told or _life_untold(box, origin, message)
    return DeadLetter(
        letter_id=message["MessageId"],
        kind=origin.kind,
        source_queue=origin.queue_name,
        held_in=box.name,
        body=message["Body"],
        faults=life.faults,
        message_id=life.message_id,
        receive_count=life.receive_count,
        sent_at=life.sent_at,
        rejected_at=life.rejected_at,
        attributes=_own_attributes(attributes, life),
    )


@frozen(kw_only=True)
class _Life:
    """The message that became a letter; ``queue_name`` is empty if the queue is not known."""

    queue_name: str = ""
    faults: Sequence[Fault]
    message_id: str
    receive_count: int
    sent_at: datetime
    rejected_at: datetime
    more_attributes: Mapping[str, str]


def _life_of(attributes: Mapping[str, str]) -> _Life | None:
    """What our attributes tell; none when they are not there, or cannot be of our making.

    Whoever may send to the queue may make up a life, and SQS may have moved it here: it must not break a list, nor
    keep others from being redriven with it.
    """
    try:
        life = _read_life(json.loads(attributes[ORIGIN_ATTRIBUTE]), json.loads(attributes[FAULTS_ATTRIBUTE]))
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None
    return life if attributes_fault(_own_attributes(attributes, life)) is None else None


def _own_attributes(attributes: Mapping[str, str], life: _Life) -> Mapping[str, str]:
    """Those that the message had before it was a letter, and takes along when it goes back."""
    return {**{name: attributes[name] for name in attributes if name not in _OURS}, **life.more_attributes}


def _read_life(origin: Mapping[str, Any], faults: Sequence[Mapping[str, Any]]) -> _Life:
    return _Life(
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


def _life_untold(box: DeadLetterQueue, origin: LetterOrigin, message: MessageTypeDef) -> _Life:
    """A letter without linkhub's attributes: SQS moved it, as the redrive policy says, or another program sent it.

    It keeps its id and the time it was sent. That counts as the time of its rejection, too, which SQS does not give.
    """
    sent_at = moment_of(message["Attributes"]["SentTimestamp"])
    receive_count, problem = _untold_problem(origin)
    size = message_bytes(message["Body"], text_attributes(message))
    if size > min(queue.max_message_bytes for queue in box.sources) - _NEEDED_BYTES:
        problem += f", or was rejected: its {size:,} bytes leave no room for a reason"
    return _Life(
        faults=(Fault("", problem),),
        message_id=message["MessageId"],
        receive_count=receive_count,
        sent_at=sent_at,
        rejected_at=sent_at,
        more_attributes={},
    )


def _untold_problem(origin: LetterOrigin) -> tuple[int, str]:
    if origin.queue is not None:
        count = origin.queue.max_receive_count
        return count, f"was delivered {count} times and never settled"
    if origin.queue_name:
        return 0, f"was moved here from the queue {origin.queue_name}, which is none of linkhub's"
    return 0, "was moved here from one of the queues that share this dead-letter queue, or sent here"

"""The queue of a dead letter, from its attributes and from the queues that its dead-letter queue serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from linkhub_adapters.aws.sqs.dead_letter_origin import SOURCE_ARN, dead_letter_queues, origin_of
from linkhub_adapters.aws.sqs.queue_facts import SqsQueue
from linkhub_core.model import Kind

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

_ARN = "arn:aws:sqs:eu-west-1:123456789012:"


def _queues(*dead: str) -> dict[Kind, SqsQueue]:
    """A queue of each kind, with the dead-letter queues of these names."""
    return {
        kind: SqsQueue(
            kind=kind, url=f"https://sqs/1/{kind}s", arn=f"{_ARN}{kind}s", dead_letter_url=f"https://sqs/1/{name}"
        )
        for kind, name in zip(Kind, dead, strict=True)
    }


def _message(arn: str | None) -> MessageTypeDef:
    attributes: Any = {SOURCE_ARN: arn} if arn else {}
    return {"Attributes": attributes}


@pytest.mark.parametrize(
    ("dead", "arn", "named", "kind", "name"),
    [
        (("dead", "dead"), f"{_ARN}thumbnails", None, Kind.THUMBNAIL, "thumbnails"),
        (("dead", "dead"), f"{_ARN}thumbnails", "captions", Kind.THUMBNAIL, "thumbnails"),
        (("dead", "dead"), f"{_ARN}orders", "captions", None, "orders"),
        (("dead", "dead"), None, "captions", Kind.CAPTION, "captions"),
        (("dead", "dead"), None, "orders", None, "orders"),
        (("dead", "dead"), None, None, None, ""),
        (("dead", "dead"), None, "", None, ""),
        (("dead-c", "dead-t"), None, None, Kind.CAPTION, "captions"),
        (("dead-c", "dead-t"), f"{_ARN}thumbnails", None, Kind.THUMBNAIL, "thumbnails"),
        (("dead-c", "dead-t"), f"{_ARN}orders", None, None, "orders"),
    ],
)
def test_the_origin_follows_from_what_is_known(
    dead: tuple[str, str], arn: str | None, named: str | None, kind: Kind | None, name: str
) -> None:
    """The attribute of SQS wins over that of linkhub, and that over the dead-letter queue itself."""
    box = dead_letter_queues(_queues(*dead))[0]
    origin = origin_of(box, _message(arn), named)
    assert (origin.kind, origin.queue_name) == (kind, name)


def test_a_shared_dead_letter_queue_is_one() -> None:
    """With both queues as its sources."""
    (box,) = dead_letter_queues(_queues("dead", "dead"))
    assert [queue.kind for queue in box.sources] == [*Kind]
    assert [box.name for box in dead_letter_queues(_queues("a", "b"))] == ["a", "b"]

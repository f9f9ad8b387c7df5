"""A message of SQS to a delivery."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from linkhub_adapters.aws.sqs.fifo import FifoIds
from linkhub_adapters.aws.sqs.messages import delivery_of, message_bytes, send_entry, text_attributes
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery
from linkhub_core.testing.builders import NOON

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef


def _message(**parts: Any) -> "MessageTypeDef":
    message: Any = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": "{}",
        "Attributes": {
            "SentTimestamp": str(int(NOON.timestamp() * 1000) + 7),
            "ApproximateReceiveCount": "3",
        },
    }
    received: MessageTypeDef = message | parts
    return received


def test_a_delivery_has_the_attributes_of_sqs() -> None:
    """Time to the millisecond, count, ids, and no attributes where there are none."""
    assert delivery_of(Kind.THUMBNAIL, _message()) == Delivery(
        kind=Kind.THUMBNAIL,
        body="{}",
        message_id="m",
        receipt="r",
        receive_count=3,
        sent_at=NOON + timedelta(milliseconds=7),
        attributes={},
    )


def test_only_text_attributes_pass() -> None:
    """A number is the text of its digits; bytes are left out."""
    attributes = {
        "text": {"DataType": "String", "StringValue": "é"},
        "number": {"DataType": "Number", "StringValue": "1.5"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00"},
    }
    assert text_attributes(_message(MessageAttributes=attributes)) == {"text": "é", "number": "1.5"}


def test_an_entry_says_no_more_than_it_has_to() -> None:
    """Attributes and FIFO places stand in an entry only where there are any."""
    assert send_entry(7, "{}", {}, None) == {"Id": "7", "MessageBody": "{}"}
    assert send_entry(7, "{}", {"k": "v"}, FifoIds(group_id="g", deduplication_id="d")) == {
        "Id": "7",
        "MessageBody": "{}",
        "MessageAttributes": {"k": {"DataType": "String", "StringValue": "v"}},
        "MessageGroupId": "g",
        "MessageDeduplicationId": "d",
    }


def test_bytes_count_body_names_types_and_values() -> None:
    """As SQS counts them: UTF-8, and the data type of each attribute."""
    assert message_bytes("é", {"ab": "ü"}) == 2 + 2 + len("String") + 2

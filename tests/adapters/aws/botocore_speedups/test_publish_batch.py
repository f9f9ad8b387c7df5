"""The fast way writes what the slow way writes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.botocore_speedups.publish_batch import encode_form

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(_TEXTS, _TEXTS))
def test_a_form_is_the_one_that_the_library_writes(fields: dict[str, str]) -> None:
    """Byte for byte, for any values."""
    assert encode_form(fields) == urlencode(fields, quote_via=quote, safe="").encode()


def test_numbers_and_flags_are_written_as_the_library_does() -> None:
    """A form holds texts, whatever was given."""
    assert encode_form({"a": 1, "b": "true"}) == b"a=1&b=true"


@pytest.mark.aws
def test_a_call_sends_the_form_that_botocore_would_send(make_sns_client: Callable[[], "SNSClient"]) -> None:
    """Both clients send the same fields, and SNS takes both; asking for the fast way twice changes nothing."""
    slow, fast = make_sns_client(), make_sns_client()
    speed_up(fast)
    speed_up(fast)
    topic_arn = fast.create_topic(Name="forms")["TopicArn"]
    sent: list[str] = []

    def look(request: Any, **_: Any) -> None:
        sent.append(request.body if isinstance(request.body, str) else request.body.decode())

    entries: Any = [{"Id": str(number), "Message": f'{{"title": "50 % off: é & {number}"}}'} for number in range(3)]
    for client in (slow, fast):
        client.meta.events.register("before-send.sns.PublishBatch", look)
        reply = client.publish_batch(TopicArn=topic_arn, PublishBatchRequestEntries=entries)
        assert len(reply["Successful"]) == 3
    assert sent[1] == sent[0].replace("+", "%20")

"""The group and the deduplication id of a message in a FIFO queue."""

import json

import pytest

from linkhub_adapters.aws.sqs.fifo import digest_of, fifo_ids_of, video_group
from linkhub_core.testing.builders import KEY, an_outgoing


def test_an_event_goes_with_its_video_whatever_is_around_it() -> None:
    """A bare event and one in an SNS notification are of the same group."""
    body = an_outgoing().body
    envelope = json.dumps({"Type": "Notification", "Message": body})
    assert video_group(body) == video_group(envelope) == KEY.video_id


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "[]",
        '"text"',
        "{}",
        '{"seller_handle": "s", "video_id": 7.5}',
        '{"seller_handle": "s", "video_id": "no spaces allowed"}',
        '{"Type": "Notification"}',
        "\ud800",
    ],
)
def test_a_body_that_names_no_video_is_a_group_of_its_own(body: str) -> None:
    """A malformed body delays no other message, and its group is valid for SQS."""
    assert video_group(body) == digest_of(body)
    assert len(digest_of(body)) == 64


def test_copies_have_one_deduplication_id_and_others_their_own() -> None:
    """The id follows from the whole body."""
    same, other = an_outgoing().body, an_outgoing(title="another").body
    assert fifo_ids_of(same) == fifo_ids_of(same)
    assert fifo_ids_of(same).deduplication_id != fifo_ids_of(other).deduplication_id

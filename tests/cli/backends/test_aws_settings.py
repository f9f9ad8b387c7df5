"""The settings of the AWS backend."""

from __future__ import annotations

from linkhub_cli.backends.aws_settings import AwsSettings
from linkhub_core.model import Kind


def test_each_kind_has_its_own_queue() -> None:
    """No kind gets the other's queue."""
    aws = AwsSettings(caption_queue_url="https://sqs/1/c", thumbnail_queue_url="https://sqs/1/t")
    assert aws.queue_urls == {Kind.CAPTION: "https://sqs/1/c", Kind.THUMBNAIL: "https://sqs/1/t"}


def test_an_unnamed_queue_is_left_out() -> None:
    """Rather than being an empty text."""
    assert AwsSettings(thumbnail_queue_url="https://sqs/1/t").queue_urls == {Kind.THUMBNAIL: "https://sqs/1/t"}

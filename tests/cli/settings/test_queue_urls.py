"""Queues are told by their kind."""

from __future__ import annotations

from linkhub_cli.settings import Aws
from linkhub_cli.settings.queue_urls import queue_urls
from linkhub_core.model import Kind


def test_each_kind_has_its_own() -> None:
    """No kind gets the other's queue."""
    aws = Aws(caption_queue_url="https://sqs/1/c", thumbnail_queue_url="https://sqs/1/t")
    assert queue_urls(aws) == {Kind.CAPTION: "https://sqs/1/c", Kind.THUMBNAIL: "https://sqs/1/t"}


def test_what_is_not_named_is_left_out() -> None:
    """Rather than being an empty text."""
    assert queue_urls(Aws(thumbnail_queue_url="https://sqs/1/t")) == {Kind.THUMBNAIL: "https://sqs/1/t"}

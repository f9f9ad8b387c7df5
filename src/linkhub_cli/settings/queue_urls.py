"""The queues that the settings name, by the kind of event that is on each."""

from __future__ import annotations

from collections.abc import Mapping

from linkhub_cli.settings import Aws
from linkhub_core.model import Kind

__all__ = ["QUEUE_SETTINGS", "queue_urls"]

QUEUE_SETTINGS = {Kind.CAPTION: "SQS_CAPTION_QUEUE_URL", Kind.THUMBNAIL: "SQS_THUMBNAIL_QUEUE_URL"}


def queue_urls(aws: Aws) -> Mapping[Kind, str]:
    """The URL of each queue that is named; settings that are loaded for the aws backend name both."""
    urls = {Kind.CAPTION: aws.caption_queue_url, Kind.THUMBNAIL: aws.thumbnail_queue_url}
    return {kind: url for kind, url in urls.items() if url is not None}

"""Names are taken from settings, before there are queues and after."""

from __future__ import annotations

import pytest

from linkhub_cli.backends.aws_resources import account_of, settings_to_use, wanted_of
from linkhub_cli.backends.aws_settings import AwsSettings
from linkhub_cli.settings import Settings, SettingsFaulty, load_settings
from linkhub_core.ports.provisioned import Provisioned, Status


def _load(**environment: str) -> Settings:
    return load_settings(environment={"LINKHUB_BACKEND": "aws", **environment}, before_init=True).settings


def test_what_is_not_named_has_a_default() -> None:
    """One queue may be named and the other not; time-out and receipts are those of the settings."""
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/words.fifo"
    settings = _load(
        SQS_CAPTION_QUEUE_URL=url, LINKHUB_VISIBILITY_TIMEOUT_SECONDS="45.5", LINKHUB_MAX_RECEIVE_COUNT="7"
    )
    needed = wanted_of(settings)
    assert [queue.name for queue in needed.queues] == ["words.fifo", "linkhub-thumbnail"]
    assert {(queue.visibility_timeout_seconds, queue.max_receive_count) for queue in needed.queues} == {(46, 7)}
    assert (needed.topic.name, needed.subscriptions) == ("linkhub-new-product", ())
    assert account_of(settings.of(AwsSettings).caption_queue_url) == "123456789012"
    assert account_of(settings.of(AwsSettings).thumbnail_queue_url) is None


def test_two_queues_of_one_name_are_a_fault_all_the_same() -> None:
    """Only that queues are not named is no fault."""
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/words"
    with pytest.raises(SettingsFaulty, match="each kind has its own queue"):
        _load(SQS_CAPTION_QUEUE_URL=url, SQS_THUMBNAIL_QUEUE_URL=url)


@pytest.mark.parametrize("url", [None, "http://localhost:4566/queue/words", "https://sqs.invalid/0/words"])
def test_an_account_that_is_not_given_is_our_own(url: str | None) -> None:
    """A URL without an account in it says nothing of whose queue it is."""
    assert account_of(url) is None


def test_what_could_not_be_made_is_not_set() -> None:
    """The settings to use name what is there."""
    needed = wanted_of(_load())
    outcomes = [
        Provisioned(resource="table", name="linkhub-products", status=Status.MADE, address="linkhub-products"),
        Provisioned(resource="queue", name="linkhub-caption", status=Status.FAILED),
    ]
    assert settings_to_use(needed, outcomes) == {"DYNAMODB_PRODUCTS_TABLE": "linkhub-products"}

"""What the settings want of AWS, by name, before the resources are there; and what the settings are to be after that.

A queue's name is the end of its URL. Before there is one, its setting is filled with a URL that leads nowhere and ends
with the name that linkhub would give: so settings can be loaded, and keep all their rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil

from linkhub_adapters.aws.resources import Resources, Subscription, resources
from linkhub_cli.settings import Settings
from linkhub_cli.settings.queue_urls import QUEUE_SETTINGS, queue_urls
from linkhub_cli.settings.sources import SettingFault, SettingsFaulty
from linkhub_core.model import Kind
from linkhub_core.ports.provisioned import Provisioned

__all__ = ["account_of", "is_queue_unnamed", "settings_before_queues", "settings_to_use", "wanted_of"]

_NOWHERE = "https://sqs.invalid/"
_DEFAULTS = resources()
_PLACES = {QUEUE_SETTINGS[queue.kind]: f"{_NOWHERE}0/{queue.name}" for queue in _DEFAULTS.queues}


def is_queue_unnamed(fault: SettingFault) -> bool:
    """Whether nothing is wrong but that a queue is not named: what makes the queues tells their names, too."""
    return fault.variable in _PLACES and fault.beside == "LINKHUB_BACKEND" and not fault.written


def settings_before_queues(load: Callable[[Mapping[str, str]], Settings]) -> Settings:
    """Load settings that may not name the queues yet.

    Args:
        load: loads them, with texts by variable laid over what is configured.

    Raises:
        SettingsFaulty: with every fault but that queues are not named.
    """
    try:
        return load({})
    except SettingsFaulty as faulty:
        unnamed = {fault.variable for fault in faulty.faults if is_queue_unnamed(fault)}
    return load({variable: place for variable, place in _PLACES.items() if variable in unnamed})


def wanted_of(settings: Settings, subscriptions: Sequence[Subscription] = ()) -> Resources:
    """The resources, under the names that the settings give them."""
    aws, consuming = settings.aws, settings.consuming
    names = {queue.kind: _last_part(queue_urls(aws).get(queue.kind), "/") or queue.name for queue in _DEFAULTS.queues}
    return resources(
        products=aws.products_table,
        staging=aws.staging_table,
        caption_queue=names[Kind.CAPTION],
        thumbnail_queue=names[Kind.THUMBNAIL],
        topic=_last_part(aws.topic_arn, ":") or _DEFAULTS.topic.name,
        visibility_timeout_seconds=ceil(consuming.visibility_timeout_seconds),
        max_receive_count=consuming.max_receive_count,
        subscriptions=subscriptions,
    )


def account_of(url: str | None) -> str | None:
    """Whose queue a URL leads to; none where that is not known yet."""
    if url is None or url.startswith(_NOWHERE):
        return None
    account = url.rstrip("/").split("/")[-2]
    return account if account.isdecimal() else None


def settings_to_use(needed: Resources, outcomes: Iterable[Provisioned]) -> Mapping[str, str]:
    """What to set, by variable, for what is there now; what could not be made is left out.

    The backend is named only if all of it is there: ``>> .env`` must not choose a backend that cannot start.
    """
    addresses = {(told.resource, told.name): told.address for told in outcomes}
    products, staging = needed.tables
    found = {
        "DYNAMODB_PRODUCTS_TABLE": addresses.get(("table", products.name), ""),
        "DYNAMODB_STAGING_TABLE": addresses.get(("table", staging.name), ""),
        **{QUEUE_SETTINGS[queue.kind]: addresses.get(("queue", queue.name), "") for queue in needed.queues},
        "SNS_NEW_PRODUCT_TOPIC_ARN": addresses.get(("topic", needed.topic.name), ""),
    }
    backend = {"LINKHUB_BACKEND": "aws"} if all(found.values()) else {}
    return backend | {variable: text for variable, text in found.items() if text}


def _last_part(text: str | None, separator: str) -> str:
    return (text or "").rstrip(separator).rsplit(separator, 1)[-1]

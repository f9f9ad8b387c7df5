"""Trials of the AWS backend: see :mod:`linkhub_adapters.aws.trial_resources`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.ports import AwsServices
from linkhub_adapters.aws.trial_resources import TRIAL_TAG, TrialResources, new_trial, trial_plan
from linkhub_cli.backends.aws_ports import open_clients
from linkhub_cli.backends.aws_resources import settings_to_use
from linkhub_cli.backends.aws_settings import AwsSettings
from linkhub_cli.backends.plugin import TrialPlace
from linkhub_cli.settings import Settings
from linkhub_core.errors import LinkhubError
from linkhub_core.ports import Clock

# docs/guide/aws.md: a million products, two events each, that arrive far apart, with one server.
_DOLLARS_PER_EVENT = 8.88 / 2_000_000
_DOLLARS_OF_CHECKS = 0.001


@contextmanager
def open_trial(settings: Settings, clock: Clock) -> Iterator[TrialPlace]:
    """See :meth:`linkhub_cli.backends.BackendPlugin.trial`."""
    aws, name = settings.of(AwsSettings), new_trial()
    with open_clients(aws) as clients:
        services = AwsServices(clients=clients, clock=clock)
        addresses = sorted(set(aws.endpoint_urls.values()))
        place = f"the servers at {', '.join(addresses)}" if addresses else _account(clients)
        trials = TrialResources(services=services)
        yield TrialPlace(
            description=[
                f"{place}, region {clients.region_name}",
                f"2 tables, 4 queues and a topic, {name}-*, with the tag {TRIAL_TAG}; and a queue of this process",
            ],
            cost_dollars=lambda events: _DOLLARS_OF_CHECKS + events * _DOLLARS_PER_EVENT,
            make=partial(trials.make, name),
            settings_to_use=partial(settings_to_use, trial_plan(name)),
            remove=partial(trials.remove, name),
            remove_all=trials.remove,
        )


def _account(clients: AwsClients) -> str:
    try:
        identity = AwsCalls(service="STS").now(clients.sts.get_caller_identity)
    except LinkhubError as error:
        return f"an account that STS does not name ({error})"
    return f"account {identity['Account']} as {identity['Arn']}"

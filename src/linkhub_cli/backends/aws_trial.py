"""Trials of the AWS backend: see :mod:`linkhub_adapters.aws.trial_resources`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from attrs import frozen

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
from linkhub_core.ports.provisioned import Provisioned

# docs/guide/aws.md: a million products, two events each, that arrive far apart, with one server.
_DOLLARS_PER_EVENT = 8.88 / 2_000_000
_DOLLARS_OF_CHECKS = 0.001


@frozen(kw_only=True)
class AwsTrial(TrialPlace):
    """See the base class."""

    name: str
    resources: TrialResources
    description: Sequence[str]

    def cost_dollars(self, events: int) -> float:
        """See the base class."""
        return _DOLLARS_OF_CHECKS + events * _DOLLARS_PER_EVENT

    def make(self) -> AsyncIterator[Provisioned]:
        """See the base class."""
        return self.resources.make(self.name)

    def settings_to_use(self, outcomes: Iterable[Provisioned]) -> Mapping[str, str]:
        """See the base class."""
        return settings_to_use(trial_plan(self.name), outcomes)

    def remove(self, *, every: bool) -> AsyncIterator[Provisioned]:
        """See the base class."""
        return self.resources.remove(None if every else self.name)


@contextmanager
def open_trial(settings: Settings, clock: Clock) -> Iterator[AwsTrial]:
    """See :meth:`linkhub_cli.backends.BackendPlugin.trial`."""
    aws, name = settings.of(AwsSettings), new_trial()
    with open_clients(aws) as clients:
        services = AwsServices(clients=clients, clock=clock)
        addresses = sorted(set(aws.endpoint_urls.values()))
        place = f"the servers at {', '.join(addresses)}" if addresses else _account(clients)
        yield AwsTrial(
            name=name,
            resources=TrialResources(services=services),
            description=[
                f"{place}, region {clients.region_name}",
                f"2 tables, 4 queues and a topic, {name}-*, with the tag {TRIAL_TAG}; and a queue of this process",
            ],
        )


def _account(clients: AwsClients) -> str:
    try:
        identity = AwsCalls(service="STS").now(clients.sts.get_caller_identity)
    except LinkhubError as error:
        return f"an account that STS does not name ({error})"
    return f"account {identity['Account']} as {identity['Arn']}"

"""Makes what a backend needs before anything runs on it: a module for each backend, told resource by resource.

Like the backends, only the chosen one is imported. Settings come with a place for each queue even before there is one:
see :mod:`.wanted`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from linkhub_adapters.aws.resources import Subscription
from linkhub_cli.backends import check_packages
from linkhub_cli.settings import Settings
from linkhub_core.ports import Clock
from linkhub_core.ports.provisioned import Provisioned

__all__ = ["provision"]


async def provision(
    settings: Settings, clock: Clock, subscriptions: Sequence[Subscription] = ()
) -> AsyncIterator[Provisioned]:
    """Make what is absent for the backend that the settings name; each resource is told when it is done.

    Raises:
        SettingsFaulty: a package or a setting that this needs is missing, or the directory cannot be written to.
    """
    backend = settings.storage.backend
    check_packages(backend)
    if backend == "aws":
        from linkhub_cli.provisioning import aws  # noqa: PLC0415  needs boto3

        async for told in aws.provision(settings, clock, subscriptions):
            yield told
    elif backend == "embedded":
        from linkhub_cli.provisioning import embedded  # noqa: PLC0415  the chosen one only

        yield await embedded.provision(settings)

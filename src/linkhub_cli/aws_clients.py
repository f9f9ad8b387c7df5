"""The clients of AWS that the settings ask for; what the AWS SDK misses is told as a setting's fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import NoRegionError

from linkhub_adapters.aws.clients import AwsClients
from linkhub_cli.settings import Aws
from linkhub_cli.settings_sources import SettingFault, SettingsFaulty

__all__ = ["open_clients"]


@contextmanager
def open_clients(aws: Aws) -> Iterator[AwsClients]:
    """Give the clients, and close them at the end.

    Raises:
        SettingsFaulty: no region is configured, which the first client that is made finds out.
    """
    with AwsClients(region=aws.region, endpoint_url=aws.endpoint_url) as clients:
        try:
            yield clients
        except NoRegionError as error:
            raise SettingsFaulty([SettingFault("AWS_REGION", "is needed: set it to the region of AWS")]) from error

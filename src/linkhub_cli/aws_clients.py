"""The clients of AWS that the settings ask for; a region that is missing is told as a setting's fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from linkhub_adapters.aws.clients import AwsClients
from linkhub_adapters.aws.sdk_faults import SdkPart, SdkUnavailable
from linkhub_cli.settings import Aws
from linkhub_cli.settings_sources import SettingFault, SettingsFaulty

__all__ = ["open_clients"]


@contextmanager
def open_clients(aws: Aws) -> Iterator[AwsClients]:
    """Give the clients, and close them at the end.

    Raises:
        SettingsFaulty: no region is configured, which the first client that is made finds out.
        SdkUnavailable: the SDK cannot use what it is configured with.
    """
    try:
        with AwsClients(region=aws.region, endpoint_url=aws.endpoint_url) as clients:
            yield clients
    except SdkUnavailable as error:
        if error.fault.part is SdkPart.REGION:
            raise SettingsFaulty([SettingFault("AWS_REGION", "is needed: set it to the region of AWS")]) from error
        raise

"""The clients of AWS that the settings ask for; a missing region is reported as a setting's fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from linkhub_adapters.aws.client.clients import AwsClients
from linkhub_adapters.aws.client.sdk_faults import SdkPart, SdkUnavailable
from linkhub_cli.settings import Aws
from linkhub_cli.settings.sources import SettingFault, SettingsFaulty

__all__ = ["endpoint_urls", "open_clients"]


def endpoint_urls(aws: Aws) -> Mapping[str, str]:
    """The configured address of each service that has one, by the name that the SDK gives to the service."""
    single = {"dynamodb": aws.dynamodb_endpoint_url, "sqs": aws.sqs_endpoint_url, "sns": aws.sns_endpoint_url}
    urls = {service: url or aws.endpoint_url for service, url in single.items()}
    return {service: url for service, url in urls.items() if url is not None}


@contextmanager
def open_clients(aws: Aws) -> Iterator[AwsClients]:
    """Give the clients, and close them at the end.

    Raises:
        SettingsFaulty: no region is configured, which the first client that is made finds out.
        SdkUnavailable: the SDK cannot use what it is configured with.
    """
    try:
        with AwsClients(region=aws.region, configured_endpoint_urls=endpoint_urls(aws)) as clients:
            yield clients
    except SdkUnavailable as error:
        if error.fault.part is SdkPart.REGION:
            raise SettingsFaulty([SettingFault("AWS_REGION", "is needed: set it to the region of AWS")]) from error
        raise

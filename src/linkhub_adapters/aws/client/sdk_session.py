"""A session of the AWS SDK, which finds the address of each service in the SDK's order.

    1. an address given in code for all services
    2. the configured address of the service
    3. the configured address of all services
    4. the profile in the shared configuration file
    5. AWS

The SDK's setting to ignore configured addresses leaves out 2 to 4. A caller that reads 2 and 3 from a file of its own
passes them in; the SDK finds the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import boto3
import botocore.session
from attrs import field, frozen
from botocore.config import Config
from botocore.utils import ensure_boolean


@frozen(kw_only=True, slots=False)
class SdkSession:
    """Makes clients.

    Args:
        region: where the services are; none leaves it to the SDK.
        endpoint_url: an address for all services, which no configuration changes.
        configured_endpoint_urls: addresses by service (``dynamodb``), from a configuration that the SDK does not read.
    """

    region: str | None = None
    endpoint_url: str | None = None
    configured_endpoint_urls: Mapping[str, str] = field(factory=dict)

    @cached_property
    def _core(self) -> botocore.session.Session:
        return botocore.session.get_session()

    @cached_property
    def _session(self) -> boto3.session.Session:
        return boto3.session.Session(botocore_session=self._core, region_name=self.region)

    @property
    def region_name(self) -> str | None:
        """The region in use, or none if there is none.

        Raises:
            BotoCoreError: the profile does not exist, or its file cannot be read.
        """
        name: str | None = self._session.region_name
        return name

    def endpoint_url_of(self, service: str) -> str | None:
        """The address to hand to the SDK for a service; none leaves it to the SDK."""
        if self.endpoint_url is not None:
            return self.endpoint_url
        is_ignored = ensure_boolean(self._core.get_config_variable("ignore_configured_endpoint_urls"))
        return None if is_ignored else self.configured_endpoint_urls.get(service)

    def client(self, service: str, config: Config) -> Any:
        """Make the client of a service.

        Raises:
            BotoCoreError: the configuration of the SDK does not do for a client.
        """
        make: Any = self._session.client
        return make(service, endpoint_url=self.endpoint_url_of(service), config=config)

"""What a process has asked of AWS, from the counts that the adapters keep, for the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.consumption import Consumption
from linkhub_adapters.observability import CloudUsage

__all__ = ["THROTTLED", "usage_of"]

# What a call of DynamoDB fails with when there are too many of them, and what a statement of a batch does.
THROTTLED = (
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
)


def usage_of(services: Sequence[AwsCalls], consumption: Consumption) -> CloudUsage:
    """The counts of all services as they are now.

    Args:
        services: who makes the calls; each service stands once.
        consumption: what DynamoDB charged.
    """
    throttled = {("DynamoDB", code): 0 for code in THROTTLED}  # the first one has to be an increase, too
    return CloudUsage(
        calls=_by_service(services, lambda calls: calls.counts),
        retries=_by_service(services, lambda calls: calls.retries),
        failures=throttled | _by_service(services, lambda calls: calls.failures),
        units={
            (table, direction): units
            for direction, counted in (("read", consumption.read_units), ("write", consumption.write_units))
            for table, units in counted.items()
        },
    )


def _by_service(services: Sequence[AwsCalls], counts: Callable[[AwsCalls], Counter[str]]) -> dict[tuple[str, str], int]:
    # A copy first: threads may count a name for the first time at this very moment.
    return {(calls.service, name): count for calls in services for name, count in counts(calls).copy().items()}

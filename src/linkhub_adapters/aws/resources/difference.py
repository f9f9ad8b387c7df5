"""The difference between a wanted and a found resource: one value, which ``init`` applies and ``doctor`` prints.

The call that removes a difference is data: provisioning makes it, a report shows it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

from attrs import frozen

from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.finding import Verdict
from linkhub_core.ports.provisioned import Provisioned, Status


@frozen(kw_only=True)
class Call:
    """One call of AWS: the service (``sqs``), the operation as boto3 names it, and its parameters."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


class Remedy(Enum):
    """How a difference is removed."""

    APPLY = auto()  # by its calls; they take nothing away but access without TLS, so provisioning makes them
    DECIDE = auto()  # by its calls, if the owner of the resource agrees: they lower or replace a value
    REPLACE = auto()  # only by another resource
    WAIT = auto()  # the service is at work on it


@frozen(kw_only=True)
class Difference:
    """One attribute that is not as wanted.

    Args:
        attribute: the name that AWS gives it.
        found: its value now.
        wanted: the value of the plan.
        problem: what follows from that, as a sentence about the resource.
        verdict: how bad that is; ``OK``: as good as the plan.
        remedy: how it is removed.
        calls: the calls that remove it.
    """

    attribute: str
    found: str
    wanted: str
    problem: str
    verdict: Verdict
    remedy: Remedy = Remedy.APPLY
    calls: Sequence[Call] = ()


async def apply(
    resource: str,
    name: str,
    address: str,
    differences: Sequence[Difference],
    make: Callable[[Call], Awaitable[object]],
) -> Provisioned:
    """Make the calls of all differences that provisioning may remove; the others become notes.

    Raises:
        ServiceUnavailable: a call failed.
    """
    changes, notes = [], []
    for difference in differences:
        if difference.remedy is Remedy.APPLY:
            for call in difference.calls:
                await make(call)
            changes.append(f"{difference.attribute} was {difference.found}, is {difference.wanted}")
        else:
            notes.append(difference.problem)
    status = Status.CHANGED if changes else Status.UNCHANGED
    return Provisioned(resource=resource, name=name, status=status, address=address, changes=changes, notes=notes)


async def attempt(resource: str, name: str, ensuring: Awaitable[Provisioned]) -> Provisioned:
    """The outcome of ``ensuring``, or that it failed and why.

    Raises:
        SdkUnavailable: the AWS SDK cannot be used, so no other resource can be made either.
    """
    try:
        return await ensuring
    except SdkUnavailable:
        raise
    except LinkhubError as error:
        return Provisioned.failed(resource, name, str(error))

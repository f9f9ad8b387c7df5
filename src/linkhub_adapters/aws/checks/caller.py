"""Who asks, and where: the region, and the credentials."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from linkhub_adapters.aws.checks.call_failures import LOG_IN
from linkhub_adapters.aws.checks.probe import Probe, Refusal, Why
from linkhub_adapters.aws.checks.services import Services
from linkhub_adapters.aws.client.sdk_faults import SdkFault
from linkhub_core.ports.finding import Finding, Verdict

__all__ = ["MendOf", "are_usable", "ask_identity", "caller_findings", "region_findings", "region_of"]

MendOf = Callable[[SdkFault], Sequence[str]]

REGION, CREDENTIALS = "region", "credentials"
_QUEUE_URL = re.compile(r"https?://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com")
_ARN = re.compile(r"arn:[^:]+:[^:]+:([^:]+):")
_EXPIRED = ("ExpiredToken", "ExpiredTokenException")


def region_of(place: str) -> str | None:
    """The region that a queue's URL or an ARN names; none if it names none, as those of stand-ins do."""
    found = _QUEUE_URL.match(place) or _ARN.match(place)
    return next(filter(None, found.groups()), None) if found else None


def region_findings(region: str | None, places: Mapping[str, str | None]) -> Sequence[Finding]:
    """The region, against those that settings name.

    Args:
        region: what the AWS SDK is configured with.
        places: queue URLs and ARNs, by the settings that hold them.
    """
    named = {setting: region_of(place) for setting, place in places.items() if place}
    if region is None:
        wanted = next(filter(None, named.values()), "eu-west-1")
        return [Finding.fault(REGION, "none is configured", f"AWS_REGION={wanted}")]
    return list(_elsewhere(region, named)) or [Finding.ok(REGION, region)]


def _elsewhere(region: str, named: Mapping[str, str | None]) -> Iterator[Finding]:
    for setting, other in named.items():
        if other is not None and other != region:
            mend = f"AWS_REGION={other}, or set {setting} to one in {region}"
            yield Finding.fault(REGION, f"it is {region}, and {setting} is in {other}", mend)


async def ask_identity(inquiry: Probe, services: Services) -> Mapping[str, Any] | Refusal:
    """Ask STS who we are: every caller may."""
    return await inquiry(services.sts.get_caller_identity)


def caller_findings(identity: Mapping[str, Any] | Refusal, mend_of: MendOf = lambda _: LOG_IN) -> Sequence[Finding]:
    """What STS says of the credentials; ``mend_of`` says what mends a fault of the SDK's configuration."""
    if not isinstance(identity, Refusal):
        return [Finding.ok(CREDENTIALS, f"{identity['Arn']} of account {identity['Account']}")]
    if identity.fault is not None:
        return [Finding.fault(CREDENTIALS, identity.problem, *mend_of(identity.fault))]
    match identity.why:
        case Why.UNKNOWN_CALLER if identity.code in _EXPIRED:
            return [Finding.fault(CREDENTIALS, f"they have expired: {identity.problem}", *LOG_IN)]
        case Why.UNKNOWN_CALLER:
            return [Finding.fault(CREDENTIALS, f"there are none that AWS knows: {identity.problem}", *LOG_IN)]
        case Why.UNSUPPORTED | Why.STRANGER:
            return [Finding.not_checked(CREDENTIALS, "what answers there has no STS: it stands in for AWS")]
        case _:
            return [Finding.not_checked(CREDENTIALS, f"STS does not tell who we are: {identity.problem}")]


def are_usable(findings: Sequence[Finding]) -> bool:
    """Whether anything else may be asked with these credentials."""
    return all(finding.verdict is not Verdict.FAULT for finding in findings)

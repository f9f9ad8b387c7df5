"""The region and the credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from linkhub_adapters.aws.checks.call_failure import CallFailure, FailureKind
from linkhub_adapters.aws.checks.check_result import Advice, CheckResult, Subject, fault, ok
from linkhub_core.ports.finding import Verdict

REGION, CREDENTIALS = "region", "credentials"
_QUEUE_URL = re.compile(r"https?://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com")
_ARN = re.compile(r"arn:[^:]+:[^:]+:([^:]+):")
_EXPIRED = ("ExpiredToken", "ExpiredTokenException")


def region_of(place: str) -> str | None:
    """The region that a queue's URL or an ARN names; none for the address of a server in place of AWS."""
    found = _QUEUE_URL.match(place) or _ARN.match(place)
    return next(filter(None, found.groups()), None) if found else None


def region_results(region: str | None, places: Mapping[Subject, str | None]) -> Sequence[CheckResult]:
    """The region of the SDK, compared with the regions of the resources.

    Args:
        region: the configured region.
        places: queue URLs and ARNs.
    """
    named = {resource: region_of(place) for resource, place in places.items() if place}
    if region is None:
        wanted = next(filter(None, named.values()), "")
        return [fault(REGION, "none is configured", Advice.SET_REGION, details=wanted)]
    return [
        fault(
            REGION,
            f"it is {region}, and the {resource} is in {other}",
            Advice.CHANGE_REGION,
            resource=resource,
            details=other,
        )
        for resource, other in named.items()
        if other is not None and other != region
    ] or [ok(REGION, region)]


def caller_result(identity: Mapping[str, Any] | CallFailure) -> CheckResult:
    """The caller, as STS reports it."""
    if not isinstance(identity, CallFailure):
        return ok(CREDENTIALS, f"{identity['Arn']} of account {identity['Account']}")
    if identity.fault is not None:
        return fault(CREDENTIALS, identity.problem, Advice.LOG_IN, failure=identity)
    match identity.kind:
        case FailureKind.CREDENTIALS if identity.code in _EXPIRED:
            return fault(CREDENTIALS, f"they have expired: {identity.problem}", Advice.LOG_IN)
        case FailureKind.CREDENTIALS:
            return fault(CREDENTIALS, f"AWS knows none: {identity.problem}", Advice.LOG_IN)
        case FailureKind.UNSUPPORTED | FailureKind.WRONG_SERVICE:
            problem = "the server there has no STS: it is used in place of AWS"
        case _:
            problem = f"STS does not report the caller: {identity.problem}"
    return CheckResult(subject=CREDENTIALS, verdict=Verdict.NOT_CHECKED, seen=problem)


def are_usable(result: CheckResult) -> bool:
    """Whether other calls can be made with these credentials."""
    return result.verdict is not Verdict.FAULT

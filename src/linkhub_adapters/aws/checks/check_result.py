"""The result of a check of one subject, as data; the caller adds settings and commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, StrEnum, auto
from typing import Any

from attrs import field, frozen

from linkhub_adapters.aws.checks.call_failure import CallFailure, FailureKind
from linkhub_adapters.aws.resources.difference import Call, Difference, Remedy
from linkhub_core.ports.finding import Verdict


class Subject(StrEnum):
    """A resource that a setting names."""

    PRODUCTS = "products table"
    STAGING = "staging table"
    CAPTION = "caption queue"
    THUMBNAIL = "thumbnail queue"
    TOPIC = "topic"


class Advice(Enum):
    """The remedy of a result, apart from its calls."""

    ALLOW = auto()  # the action of the failure, on its resource
    CHANGE_REGION = auto()  # to ``details``, or choose a resource in the configured region
    CHECK_ADDRESS = auto()  # of the service, and the network between
    CONFIRM = auto()  # or remove the pending subscriptions of the topic
    LOG_IN = auto()
    LOOK_UP = auto()  # the code of the failure in the AWS reference
    PROVISION = auto()  # make the resource
    RAISE_VISIBILITY = auto()  # the time-out that consumers ask for
    REPLACE = auto()  # by a resource under another name
    REPLACE_SERVER = auto()  # by a server that runs PartiQL statements
    SEPARATE = auto()  # give the queues another dead-letter queue
    SET_CLOCK = auto()
    SET_REGION = auto()  # to ``details``, as the resources name it
    SET_TOPIC = auto()  # none is configured
    START_SERVER = auto()  # a serving node removes the queues of dead nodes
    WAIT = auto()  # until the resource is active


@frozen(kw_only=True)
class CheckResult:
    """One result.

    Args:
        subject: what was checked, such as ``queue linkhub-caption``.
        verdict: see :class:`~linkhub_core.ports.finding.Verdict`.
        seen: what was found, in one line.
        advice: what to do about it.
        calls: calls of AWS that remove the problem, in this order.
        resource: the resource, if a setting names it.
        details: a name, an ARN or a region that the advice is about.
        failure: why a call gave no reply, if that is the problem.
    """

    subject: str
    verdict: Verdict
    seen: str
    advice: Advice | None = None
    calls: Sequence[Call] = ()
    resource: Subject | None = None
    details: str = ""
    failure: CallFailure | None = field(default=None, eq=False)


def ok(subject: str, seen: str) -> CheckResult:
    """Nothing is wrong."""
    return CheckResult(subject=subject, verdict=Verdict.OK, seen=seen)


def fault(subject: str, seen: str, advice: Advice, **fields: Any) -> CheckResult:
    """Something is wrong; ``fields`` are the other fields of the result."""
    return CheckResult(subject=subject, verdict=Verdict.FAULT, seen=seen, advice=advice, **fields)


_OF_REMEDY = {Remedy.REPLACE: Advice.REPLACE, Remedy.WAIT: Advice.WAIT}


def of_differences(
    subject: str, resource: Subject, name: str, differences: Sequence[Difference]
) -> Iterator[CheckResult]:
    """A result for each difference that matters."""
    for difference in differences:
        if difference.verdict is not Verdict.OK:
            yield CheckResult(
                subject=subject,
                verdict=difference.verdict,
                seen=difference.problem,
                advice=_OF_REMEDY.get(difference.remedy),
                calls=difference.calls,
                resource=resource,
                details=name,
            )


def of_failure(subject: str, failure: CallFailure, *, arn: str, is_needed: bool) -> CheckResult:
    """The result for a call without a reply.

    Args:
        subject: what was to be checked.
        failure: why there is no reply; the subject's own module handles ``MISSING``.
        arn: the resource that the call was about.
        is_needed: whether linkhub itself makes this call; if not, a denial leaves the question open.
    """
    problem, open_question = failure.problem, Verdict.FAULT if is_needed else Verdict.NOT_CHECKED
    verdict, seen, advice = {
        FailureKind.UNREACHABLE: (Verdict.FAULT, f"does not answer: {problem}", Advice.CHECK_ADDRESS),
        FailureKind.WRONG_SERVICE: (Verdict.FAULT, f"another service answers there: {problem}", Advice.CHECK_ADDRESS),
        FailureKind.CREDENTIALS: (Verdict.FAULT, f"the credentials are refused: {problem}", Advice.LOG_IN),
        FailureKind.CLOCK: (Verdict.NOT_CHECKED, f"requests by this machine's clock are refused: {problem}", None),
        FailureKind.DENIED: (open_question, f"{failure.action} on {arn} is denied", Advice.ALLOW),
        FailureKind.UNSUPPORTED: (Verdict.NOT_CHECKED, f"the service there does not know {failure.action}", None),
    }.get(failure.kind, (Verdict.FAULT, f"{failure.action or 'the call'} failed: {problem}", Advice.LOOK_UP))
    return CheckResult(subject=subject, verdict=verdict, seen=seen, advice=advice, details=arn, failure=failure)

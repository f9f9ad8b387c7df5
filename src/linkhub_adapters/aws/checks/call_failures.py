"""What is told of a subject that could not be looked at: the one table from refusals to findings."""

from __future__ import annotations

from linkhub_adapters.aws.checks.aws_command import allowing
from linkhub_adapters.aws.checks.probe import Refusal, Why
from linkhub_core.ports.finding import Finding

__all__ = ["LOG_IN", "unread"]

LOG_IN = (
    "aws sts get-caller-identity (tells what the AWS command line makes of the credentials)",
    (
        "aws sso login, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), "
        "or give the machine a role"
    ),
)
_FIND_A_WAY = (
    "check the way there: AWS_REGION, AWS_ENDPOINT_URL, the network, a proxy or VPC endpoint; then run `linkhub doctor`"
)


def unread(subject: str, refusal: Refusal, *, action: str, resource: str, is_needed: bool) -> Finding:
    """The finding for a refusal.

    Args:
        subject: what was to be looked at.
        refusal: why it could not be; that it is missing is for the subject's own module to tell.
        action: what was tried, as policies name it: ``sqs:GetQueueAttributes``.
        resource: the ARN that it was tried on.
        is_needed: whether linkhub itself needs this action; if not, a denial only leaves the question open.
    """
    denied, allow = f"{action} is denied", allowing([action], resource)
    again = f"look up {refusal.code or 'it'} in the AWS reference; if it may pass, run `linkhub doctor` again"
    problem = refusal.problem
    told = {
        Why.UNREACHABLE: Finding.fault(subject, f"does not answer: {problem}", _FIND_A_WAY),
        Why.STRANGER: Finding.fault(subject, f"what answers there is not this service: {problem}", _FIND_A_WAY),
        Why.UNKNOWN_CALLER: Finding.fault(subject, f"the credentials are refused: {problem}", *LOG_IN),
        Why.CLOCK: Finding.not_checked(subject, f"requests by this machine's clock are refused: {problem}"),
        Why.DENIED: (Finding.fault if is_needed else Finding.not_checked)(subject, denied, allow),
        Why.UNSUPPORTED: Finding.not_checked(subject, f"what answers there does not know {action}"),
    }
    return told.get(refusal.why) or Finding.fault(subject, f"{action} failed: {problem}", again)

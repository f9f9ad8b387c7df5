"""The topic: whether it is there, and whether those who subscribed to it hear anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_adapters.aws.checks.aws_command import AwsCommand
from linkhub_adapters.aws.checks.call_failures import unread
from linkhub_adapters.aws.checks.probe import Probe, Refusal, Why
from linkhub_adapters.aws.checks.services import Services
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.ports.finding import Finding

__all__ = ["SETTING", "TopicSeen", "look_at_topic", "topic_findings"]

SETTING = "SNS_NEW_PRODUCT_TOPIC_ARN"
# An ARN of another region or account is no ARN of a topic to SNS, and it says so in these words.
_NOT_OF_HERE = frozenset({"InvalidParameter", "InvalidParameterException"})


@frozen(kw_only=True)
class TopicSeen:
    """What SNS said of the topic that is configured."""

    arn: str
    attributes: Mapping[str, Any] | Refusal

    @property
    def is_there(self) -> bool:
        """Whether it may be asked about more."""
        return not isinstance(self.attributes, Refusal)


async def look_at_topic(inquiry: Probe, services: Services, arn: str | None) -> TopicSeen | None:
    """Ask SNS; nothing is published. None where no topic is configured."""
    if arn is None:
        return None
    reply = await inquiry(services.sns.get_topic_attributes, TopicArn=arn)
    return TopicSeen(arn=arn, attributes=reply if isinstance(reply, Refusal) else reply["Attributes"])


def topic_findings(seen: TopicSeen | None, aws: AwsCommand) -> Sequence[Finding]:
    """Everything that is to be said of the topic."""
    if seen is None:
        problem = "none is configured: viewers of other processes will only poll"
        return [Finding.warning("topic", problem, f"linkhub init, then set {SETTING} to the topic's ARN")]
    subject = f"topic {name_of(seen.arn)}"
    if isinstance(seen.attributes, Refusal):
        return [_unread(subject, seen.arn, seen.attributes, aws)]
    confirmed, pending = (int(seen.attributes.get(f"Subscriptions{state}", 0)) for state in ("Confirmed", "Pending"))
    if pending:
        problem = f"{pending} of its subscriptions wait to be confirmed and hear nothing; {confirmed} do hear"
        mend = aws("sns", "list-subscriptions-by-topic", topic_arn=seen.arn)
        return [Finding.warning(subject, problem, f"{mend} (then confirm, or unsubscribe, those that are pending)")]
    return [Finding.ok(subject, f"subscriptions: {confirmed}, none waiting to be confirmed")]


def _unread(subject: str, arn: str, refusal: Refusal, aws: AwsCommand) -> Finding:
    if refusal.why is Why.MISSING or refusal.code in _NOT_OF_HERE:
        make = aws("sns", "create-topic", name=name_of(arn))
        return Finding.fault(subject, f"it does not exist ({SETTING})", f"{make}, or: linkhub init")
    return unread(subject, refusal, action="sns:GetTopicAttributes", resource=arn, is_needed=False)

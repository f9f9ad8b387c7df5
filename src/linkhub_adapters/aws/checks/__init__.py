"""Checks everything that linkhub uses on AWS and changes nothing: credentials, clock, tables, queues, topic.

    account_check   runs all checks at once
    check_result    the result of a check, as data: the caller adds the remedy
    call_failure    the reason for a call without a reply
    caller, clock, node_queues, stand_in   one subject each; tables, queues and the topic are compared by ``resources``

Rule 1. No message is received and nothing is written: a statement that is tried cannot succeed.
Rule 2. A subject that cannot be checked is a result, and does not stop the other checks.
"""

from linkhub_adapters.aws.checks.account_check import AccountCheck
from linkhub_adapters.aws.checks.call_failure import CallFailure, FailureKind
from linkhub_adapters.aws.checks.check_result import Advice, CheckResult, Subject

__all__ = ["AccountCheck", "Advice", "CallFailure", "CheckResult", "FailureKind", "Subject"]

"""Looks at what linkhub has on AWS, and changes nothing: who asks, what is there and allowed, how the clocks stand.

    inquiry       a call that gives its reply or why there is none, and the moments between which it was answered
    services      the clients, that give up within seconds
    caller        the region, the credentials
    needs         which actions which process needs
    tables, queues, topic, node_queues, permissions, clock
                  one subject each: what is read of it is a value, and a pure function makes findings of that
    examination   asks about all of them at once

Rule 1. No message is received, nothing is written: what is tried cannot succeed.
Rule 2. A subject that cannot be looked at is a finding, and keeps no other from being looked at.
"""

from linkhub_adapters.aws.checks.account_check import AccountCheck, Subjects
from linkhub_adapters.aws.checks.needs import Role

__all__ = ["AccountCheck", "Role", "Subjects"]

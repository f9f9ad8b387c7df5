"""The protection of messages in transit and at rest: policies that allow TLS only, and keys of KMS.

Rule 1. The policy of a queue or topic may have statements of its owner. The statement of linkhub has an id of its own
and is added to them; no other statement is changed.
Rule 2. A key is compared by its id: services report it as its id or its ARN.

DynamoDB's tables have no such policy: no other account and no other service reads or writes them, and a request without
TLS would have to come from a principal of this account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

TLS_ONLY = "LinkhubTlsOnly"  # the id of the statement
ALL_OF_SQS = "sqs:*"
PUBLISH = "sns:Publish"  # SNS accepts no wildcard in the policy of a topic
_IN_CLEAR = {"Bool": {"aws:SecureTransport": "false"}}


def tls_only(action: str, resource: Any) -> Mapping[str, Any]:
    """The statement that denies ``action`` on ``resource``, an ARN, to every caller without TLS."""
    return {
        "Sid": TLS_ONLY,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": _IN_CLEAR,
    }


def is_tls_only(policy: str | None) -> bool:
    """Whether any statement of a policy, as JSON, denies requests without TLS."""
    return any(_denies_in_clear(statement) for statement in _statements(_read(policy)))


def with_tls_only(policy: str | None, action: str, resource: str) -> str:
    """The policy, as JSON, with the statement of :func:`tls_only`, which replaces an earlier one of that id."""
    document = _read(policy)
    others = [statement for statement in _statements(document) if statement.get("Sid") != TLS_ONLY]
    merged = {"Version": "2012-10-17", **document, "Statement": [*others, tls_only(action, resource)]}
    return json.dumps(merged, separators=(",", ":"))


def _read(policy: str | None) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(policy or "{}")
    return document


def _statements(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    statements = document.get("Statement", [])
    return [statements] if isinstance(statements, Mapping) else statements


def _denies_in_clear(statement: Mapping[str, Any]) -> bool:
    conditions = statement.get("Condition", {}).get("Bool", {})
    secure = [value for name, value in conditions.items() if name.lower() == "aws:securetransport"]
    is_for_all = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    return statement.get("Effect") == "Deny" and is_for_all and str(secure).lower() in ("['false']", "[false]")


def uses_key(found: str | None, key_arn: str) -> bool:
    """Whether the key that a service reports, by its id or its ARN, is the one with this ARN."""
    return found is not None and found in (key_arn, key_arn.rpartition("/")[2])

"""Policies allow TLS only, whatever statements they have besides."""

from __future__ import annotations

import json
from typing import Any

import pytest

from linkhub_adapters.aws.resources.protection import ALL_OF_SQS, TLS_ONLY, is_tls_only, tls_only, with_tls_only

ARN = "arn:aws:sqs:eu-west-1:1:captions"
THEIRS = {"Effect": "Allow", "Principal": {"AWS": "2"}, "Action": "sqs:SendMessage", "Resource": ARN}


@pytest.mark.parametrize(
    ("statement", "is_enough"),
    [
        (tls_only(ALL_OF_SQS, ARN), True),
        ({**tls_only(ALL_OF_SQS, ARN), "Sid": "Theirs", "Principal": {"AWS": "*"}}, True),
        ({**tls_only(ALL_OF_SQS, ARN), "Condition": {"Bool": {"aws:securetransport": False}}}, True),
        ({**tls_only(ALL_OF_SQS, ARN), "Principal": {"AWS": "2"}}, False),
        ({**tls_only(ALL_OF_SQS, ARN), "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        ({**tls_only(ALL_OF_SQS, ARN), "Effect": "Allow"}, False),
        (THEIRS, False),
    ],
)
def test_a_statement_that_denies_all_without_tls_is_enough(statement: Any, is_enough: bool) -> None:
    """By whatever id, alone or among others, and in each spelling that AWS knows."""
    for statements in (statement, [statement], [THEIRS, statement]):
        assert is_tls_only(json.dumps({"Statement": statements})) is is_enough


@pytest.mark.parametrize("policy", [None, "", "{}"])
def test_without_a_policy_there_is_only_the_statement(policy: str | None) -> None:
    """A queue without a policy reports none, or an empty one."""
    assert not is_tls_only(policy)
    document = json.loads(with_tls_only(policy, ALL_OF_SQS, ARN))
    assert document == {"Version": "2012-10-17", "Statement": [tls_only(ALL_OF_SQS, ARN)]}


def test_an_earlier_statement_of_its_id_is_replaced() -> None:
    """Others stay, in their order, and twice is as good as once."""
    spoilt = {"Sid": TLS_ONLY, "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": ARN}
    policy = json.dumps({"Version": "2008-10-17", "Id": "x", "Statement": [spoilt, THEIRS]})
    once = with_tls_only(policy, ALL_OF_SQS, ARN)
    assert json.loads(once) == {"Version": "2008-10-17", "Id": "x", "Statement": [THEIRS, tls_only(ALL_OF_SQS, ARN)]}
    assert with_tls_only(once, ALL_OF_SQS, ARN) == once
    assert is_tls_only(once)

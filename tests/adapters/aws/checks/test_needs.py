"""What each process needs is what its policy grants."""

from __future__ import annotations

from linkhub_adapters.aws.checks.needs import Resource, Role, needed_actions


def test_each_role_needs_what_its_policy_grants() -> None:
    """A consumer takes and saves, a server reads and hears; a consumer deletes no product."""
    consumer, server = needed_actions(Role.CONSUMER), needed_actions(Role.SERVER)
    assert "sqs:ReceiveMessage" in consumer[Resource.QUEUE]
    assert "dynamodb:PartiQLDelete" in consumer[Resource.STAGING]
    assert "dynamodb:PartiQLDelete" not in consumer[Resource.PRODUCTS]
    assert consumer[Resource.NODE_QUEUES] == ()
    assert "sqs:ReceiveMessage" not in server[Resource.QUEUE]
    assert "sqs:CreateQueue" in server[Resource.NODE_QUEUES]
    assert server[Resource.INDEX] == ("dynamodb:Query",)


def test_without_a_role_it_is_what_consumers_and_servers_need() -> None:
    """Each action once."""
    both = needed_actions(None)
    for resource in Resource:
        needs = [action for role in (Role.CONSUMER, Role.SERVER) for action in needed_actions(role)[resource]]
        assert sorted(both[resource]) == sorted(set(needs))

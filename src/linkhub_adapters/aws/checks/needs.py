"""Which actions a process needs on which sort of resource, read off the grants that linkhub's own policies are made of.

Without a role nobody knows which process the caller is to be: then what consumers and servers need is looked at
together, and what is denied is only a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from linkhub_adapters.aws.resources.policies import Grant, Places, consumer, operator, server

__all__ = ["Resource", "Role", "needed_actions"]


class Role(StrEnum):
    """What a process does; each has a policy of its own."""

    CONSUMER = "consumer"
    SERVER = "server"
    OPERATOR = "operator"


class Resource(StrEnum):
    """A sort of resource."""

    PRODUCTS = "products"
    INDEX = "index"
    STAGING = "staging"
    QUEUE = "queue"
    DEAD_LETTER_QUEUE = "dead-letter queue"
    TOPIC = "topic"
    NODE_QUEUES = "node queues"
    ANY = "*"


_PLACES = Places(
    products=Resource.PRODUCTS,
    updated_at_index=Resource.INDEX,
    staging=Resource.STAGING,
    queues=[Resource.QUEUE],
    dead_letter_queues=[Resource.DEAD_LETTER_QUEUE],
    topic=Resource.TOPIC,
    node_queues=Resource.NODE_QUEUES,
)
_GRANTS: Mapping[Role, Callable[[Places], Sequence[Grant]]] = {
    Role.CONSUMER: consumer,
    Role.SERVER: server,
    Role.OPERATOR: operator,
}
# A grant names the table beside its index for what it does on either; an index can only be queried.
_ON_AN_INDEX = ("dynamodb:Query",)


def needed_actions(role: Role | None) -> Mapping[Resource, tuple[str, ...]]:
    """What is needed of each sort of resource, each action once and in the order of the policies."""
    needed: dict[Resource, dict[str, None]] = {resource: {} for resource in Resource}
    for one in [Role.CONSUMER, Role.SERVER] if role is None else [role]:
        for grant in _GRANTS[one](_PLACES):
            for resource in map(Resource, grant.resources):
                needed[resource].update(dict.fromkeys(grant.actions))
    return {
        resource: tuple(action for action in actions if resource is not Resource.INDEX or action in _ON_AN_INDEX)
        for resource, actions in needed.items()
    }

"""Commands of the AWS command line, with all arguments filled in: what a person copies to mend a fault."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

__all__ = ["AwsCommand", "allowing", "compact"]


def compact(document: Mapping[str, Any]) -> str:
    """A document as JSON without spaces."""
    return json.dumps(document, separators=(",", ":"))


@frozen(kw_only=True)
class AwsCommand:
    """Writes commands for one region, and for the address of the service if that is not AWS's own.

    ``endpoint_of`` gives the address of a service (``sqs``), or none for that of AWS.
    """

    region: str | None = None
    endpoint_of: Callable[[str], str | None] = lambda _: None

    def __call__(self, *words: str, **options: str) -> str:
        """One command: service and operation, then options, which are named as in Python; quoted for a shell."""
        where = {"region": self.region, "endpoint_url": self.endpoint_of(words[0])}
        given = {**options, **{name: value for name, value in where.items() if value}}
        written = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)]
        return shlex.join(["aws", *words, *written])


def allowing(actions: Sequence[str], resource: str) -> str:
    """What lets the caller do ``actions``: the statement to add to a policy of its role."""
    statement = compact({"Effect": "Allow", "Action": list(actions), "Resource": resource})
    return f"add to the policy of the role or user that linkhub runs as: {statement}"

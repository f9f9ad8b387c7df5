"""Runs the commands that findings give, as the AWS command line would: so a test sees whether they mend anything."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from botocore import xform_name

__all__ = ["run"]

_ELSEWHERE = frozenset({"region", "endpoint-url"})


def run(command: str, clients: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run one command by the client of its service; an option that the operation does not know is an error."""
    program, service, operation, *words = shlex.split(command)
    assert program == "aws", command
    client = clients[service]
    method = operation.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
    parameters = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option.removeprefix("--") not in _ELSEWHERE:
            name, member = members[option.removeprefix("--")]
            parameters[name] = _value(member, value)
    reply: Mapping[str, Any] = getattr(client, method)(**parameters)
    return reply


def _value(shape: Any, text: str) -> Any:
    """A value as JSON, or in the shorthand ``Name=value,Other=value``."""
    if shape.type_name not in ("structure", "map"):
        return text
    if text.startswith("{"):
        return json.loads(text)
    pairs = (pair.partition("=") for pair in text.split(","))
    return {name: _plain(shape.members[name], value) for name, _, value in pairs}


def _plain(shape: Any, text: str) -> Any:
    return json.loads(text) if shape.type_name == "boolean" else text

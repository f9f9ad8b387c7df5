"""Reads commands of the AWS command line as that program does: so a test sees that they are complete and correct."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore import xform_name

_GLOBAL = frozenset({"region", "endpoint-url"})


def parameters_of(command: str) -> tuple[str, str, Mapping[str, Any]]:
    """The service, the operation and the parameters of a command; an unknown operation or option is an error."""
    program, service, operation, *words = shlex.split(command)
    assert program == "aws", command
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name): name for name in model.operation_names}
    method = operation.replace("-", "_")
    shape = model.operation_model(operations[method]).input_shape
    assert shape is not None
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
    parameters = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option.removeprefix("--") not in _GLOBAL:
            name, member = members[option.removeprefix("--")]
            parameters[name] = json.loads(value) if member.type_name in ("structure", "map") else value
    return service, method, parameters

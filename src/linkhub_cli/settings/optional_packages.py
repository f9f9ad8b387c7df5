"""How to get what linkhub does without until a setting asks for it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from importlib.metadata import Distribution, distribution
from typing import Any

_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def how_to_install(extra: str, linkhub: Distribution | None = None) -> str:
    """The command that adds the packages of an extra to where linkhub is installed.

    A checkout is named where linkhub was installed from one. Else the packages themselves are: an index may know
    another project by linkhub's name.

    Args:
        extra: its name.
        linkhub: how linkhub is installed; unless given, as it is.
    """
    installed = linkhub or distribution("linkhub")
    if _is_editable(installed):
        return f"pip install '.[{extra}]' in linkhub's checkout"
    return f"pip install {' '.join(map(shlex.quote, _packages_of(installed, extra)))}"


def _is_editable(installed: Distribution) -> bool:
    text = installed.read_text("direct_url.json")
    origin: dict[str, Any] = json.loads(text) if text else {}
    return bool(origin.get("dir_info", {}).get("editable"))


def _packages_of(installed: Distribution, extra: str) -> Sequence[str]:
    required = (requirement.partition(";") for requirement in installed.requires or ())
    return [
        package.strip() for package, _, marker in required if (found := _EXTRA.search(marker)) and found[1] == extra
    ]

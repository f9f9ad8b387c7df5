"""How to get what linkhub does without until a setting asks for it."""

from __future__ import annotations

__all__ = ["how_to_install"]


def how_to_install(extra: str) -> str:
    """The command that adds the packages of an extra to where linkhub is installed.

    linkhub is installed from its checkout: a name alone would ask an index for whatever is called so there.
    """
    return f"pip install '.[{extra}]' in linkhub's checkout"

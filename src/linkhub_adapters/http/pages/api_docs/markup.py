"""HTML as nested calls, so that nothing is ever unescaped by mistake: plain text is text, only elements are markup."""

from __future__ import annotations

import re
from html import escape

__all__ = ["Markup", "element", "prose"]

_CODE = re.compile(r"`([^`]+)`")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str) -> Markup:
    """One element.

    Args:
        name: its tag.
        children: elements as they are; anything else is text, and escaped.
        attributes: by name, where ``class_`` and ``for_`` lose their underscore and others become dashes.
    """
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    inner = "".join(child if isinstance(child, Markup) else escape(child, quote=False) for child in children)
    return Markup(f"<{name}{written}>{inner}</{name}>")


def prose(text: str) -> Markup:
    """A sentence in which ``code`` stands between backticks."""
    return Markup(_CODE.sub(r"<code>\1</code>", escape(text, quote=False)))

"""The address at which a shopper reaches a seller, as the operator sets it for all shops or for each.

An entry is ``TEMPLATE`` for all shops, or ``HANDLE=TEMPLATE`` for one. A template is an https address in which
``{title}``, ``{seller}`` and ``{video_id}`` are filled in, percent-encoded, behind the host. A WhatsApp address without
a text gets the title as its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Self
from urllib.parse import quote, urlsplit

from attrs import frozen

from linkhub_adapters.http.pages.plain_text import one_line
from linkhub_core.model.rules import RuleBroken

MAX_TITLE_CHARACTERS: Final = 200
WHATSAPP_HOSTS: Final = frozenset({"wa.me", "api.whatsapp.com", "chat.whatsapp.com"})

_PLACES: Final = ("{title}", "{seller}", "{video_id}")
_ENTRY: Final = re.compile(r"(?:([A-Za-z0-9._-]{1,64})=)?(https://\S+)", re.IGNORECASE)
_BETWEEN_ENTRIES: Final = re.compile(r"[\s,]+(?=(?:[A-Za-z0-9._-]{1,64}=)?https://)", re.IGNORECASE)
_TEMPLATE: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][\x21-\x7e]*)?", re.IGNORECASE)
_BRACED: Final = re.compile(r"\{[^{}]*\}")
_FORM: Final = "must be https addresses such as https://wa.me/256700000000?text={title}, or HANDLE=ADDRESS for one shop"


@frozen
class ContactLinks:
    """Templates by handle; that of ``""`` is for all other shops."""

    templates: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read entries, as :func:`split_entries` gives them.

        Raises:
            RuleBroken: an entry is no template, or a shop has two.
        """
        templates: dict[str, str] = {}
        for entry in entries:
            match = _ENTRY.fullmatch(entry)
            if match is None:
                raise RuleBroken(f"{_FORM}: {entry[:100]!r} is none")
            handle = match[1] or ""
            if handle in templates:
                raise RuleBroken(f"has two addresses for {handle or 'all shops'}")
            templates[handle] = _template(match[2])
        return cls(MappingProxyType(templates))

    def template(self, seller_handle: str) -> str | None:
        """The template of a shop, its seller filled in; None if it has none."""
        template = self.templates.get(seller_handle) or self.templates.get("")
        return None if template is None else template.replace("{seller}", quote(seller_handle, safe=""))

    def link(self, seller_handle: str, video_id: str, title: str) -> str | None:
        """The address for a product."""
        template = self.template(seller_handle)
        if template is None:
            return None
        filled = template.replace("{video_id}", quote(video_id, safe=""))
        return filled.replace("{title}", quote(one_line(title, MAX_TITLE_CHARACTERS), safe=""))


def split_entries(text: str) -> tuple[str, ...]:
    """The entries of a text: commas or spaces are between them, where the next one begins."""
    return tuple(entry for entry in _BETWEEN_ENTRIES.split(text.strip().strip(",")) if entry)


def is_whatsapp(link: str) -> bool:
    """Whether the address opens WhatsApp."""
    return urlsplit(link).hostname in WHATSAPP_HOSTS


def _template(address: str) -> str:
    if not _TEMPLATE.fullmatch(address):
        raise RuleBroken(f"{_FORM}: {address[:100]!r} is none (other characters are percent-encoded)")
    unknown = [place for place in _BRACED.findall(address) if place not in _PLACES]
    if unknown or "{" in _BRACED.sub("", address) or "}" in _BRACED.sub("", address):
        raise RuleBroken(f"may have {', '.join(_PLACES)} in an address, and no other braces")
    is_chat = urlsplit(address).hostname in WHATSAPP_HOSTS - {"chat.whatsapp.com"}
    if is_chat and "text=" not in address and "#" not in address:
        return f"{address}{'&' if '?' in address else '?'}text={{title}}"
    return address

"""The runbook as HTML: the headings have the anchors of the documentation's site.

Links within the runbook stay. Links to other pages of the documentation are text: a server has only this one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_NO_WORD = re.compile(r"[^\w\s-]")
_SPACES = re.compile(r"[-\s]+")


def render(markdown: str) -> str:
    """Render Markdown; HTML in it is text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _anchor(content.content))
        if content.type == "inline":
            content.children = _without_links_out(content.children or ())
    return str(parser.renderer.render(tokens, parser.options, {}))


def _anchor(heading: str) -> str:
    return _SPACES.sub("-", _NO_WORD.sub("", heading).strip().lower())


def _without_links_out(children: Sequence[Token]) -> list[Token]:
    kept, stays = [], True
    for child in children:
        if child.type == "link_open":
            stays = str(child.attrGet("href")).startswith(("#", "https:"))
        if stays or child.type not in ("link_open", "link_close"):
            kept.append(child)
        stays = stays or child.type == "link_close"
    return kept

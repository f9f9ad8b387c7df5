"""The copy button of a block of a terminal copies its commands: no prompts, no output.

The theme copies the attribute ``data-copy`` of a block in place of its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

_PROMPT = "$ "
_BLOCK = re.compile(r'<div class="[^"]*\bhighlight\b[^"]*">(?:(?!</div>).)*?<code>(.*?)</code>', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")


def on_page_content(html: str, **_: object) -> str:
    """Give each block of a terminal its text to copy."""
    return _BLOCK.sub(_with_commands, html)


def _with_commands(block: re.Match[str]) -> str:
    copied = "\n".join(commands(unescape(_TAG.sub("", block[1]))))
    return block[0].replace("<div ", f'<div data-copy="{escape(copied)}" ', 1) if copied else block[0]


def commands(text: str) -> Iterator[str]:
    """The lines of commands: those with a prompt, their continuations, and their here-documents."""
    is_continued, ending = False, None
    for line in text.splitlines():
        if ending is not None:
            yield line
            ending = None if line == ending else ending
        elif is_continued or line.startswith(_PROMPT):
            command = line if is_continued else line.removeprefix(_PROMPT)
            yield command
            is_continued = command.endswith("\\")
            found = _HERE_DOCUMENT.search(command)
            ending = found[2] if found else None

"""Brings files of the repository into the site: the tests and benchmarks that pages link to, and ``SECURITY.md``.

In the repository a page links to ``../tests/...``, which leads out of ``docs``. Here such a link is cut to where the
file is in the site. What nobody links to stays out; a link to a file that is not there fails the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parents[2]
_LEADS_OUT = re.compile(r"\]\(((?:\.\./)+)((?:tests|benchmarks)/[^)#]+|SECURITY\.md)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the pages link to, and is there."""
    linked = {path for file in list(files.documentation_pages()) for path in _linked(file.content_string)}
    for path in sorted(linked | {"SECURITY.md"}):
        if (_ROOT / path).is_file():
            files.append(File(path, str(_ROOT), config.site_dir, config.use_directory_urls))
    return files


def _linked(markdown: str) -> Iterator[str]:
    return (found.group(2) for found in _LEADS_OUT.finditer(markdown))


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Cut one step out of ``docs`` from each link to such a file."""
    out = "../" * (page.file.src_uri.count("/") + 1)
    return _LEADS_OUT.sub(
        lambda found: f"]({found.group(1).removesuffix('../')}{found.group(2)}" if found.group(1) == out else found[0],
        markdown,
    )

"""Brings files of the repository into the site: files that pages link to, ``SECURITY.md`` and ``CHANGELOG.md``.

In the repository a page links to ``../tests/...``, which is outside ``docs``. This hook adds each such file to the site
and shortens the link by one step. The pages of the repository's root link to ``docs/...``, which is the root of the
site. A link to a file that does not exist fails the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_ROOT = Path(__file__).parents[2]
_ROOT_PAGES = frozenset({"SECURITY.md", "CHANGELOG.md"})
_LEADS_OUT = re.compile(r"\]\(((?:\.\./)+)((?:tests|benchmarks|src)/[^)#]+|(?:SECURITY|CHANGELOG)\.md)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files that pages link to."""
    linked = {path for file in list(files.documentation_pages()) for path in _linked(file.content_string)}
    for path in sorted(linked | _ROOT_PAGES):
        if (_ROOT / path).is_file():
            files.append(File(path, str(_ROOT), config.site_dir, config.use_directory_urls))
    return files


def _linked(markdown: str) -> Iterator[str]:
    return (found.group(2) for found in _LEADS_OUT.finditer(markdown))


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Shorten each link to such a file by one step, and each link of a root page into ``docs``."""
    if page.file.src_uri in _ROOT_PAGES:
        return markdown.replace("](docs/", "](")
    out = "../" * (page.file.src_uri.count("/") + 1)
    return _LEADS_OUT.sub(
        lambda found: f"]({found.group(1).removesuffix('../')}{found.group(2)}" if found.group(1) == out else found[0],
        markdown,
    )

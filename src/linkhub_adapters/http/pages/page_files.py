"""The files of the pages: read once at start and served from memory.

All assets share one ``release``, a hash of their content, and pages name them by it: ``/assets/<release>/tiles.js``.
Such an address never changes its content, so it may be cached for a year, and a page loads scripts of its release only.
Modules import each other by relative addresses, so they stay within the release. ``/assets/tiles.js`` is the same file
under a lasting name.

Rule: only files that were in a directory at start are served; no name from a request becomes a path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from attrs import frozen

from linkhub_adapters.http.api.encoded_body import EncodedBody

_ASSET_TYPES = {
    ".css": "text/css",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@frozen(kw_only=True)
class PageFiles:
    """All files by name: pages (``storefront.html``), the assets that they load, and the text of the runbook."""

    release: str
    pages: Mapping[str, EncodedBody]
    assets: Mapping[str, EncodedBody]
    runbook: str = ""

    def released(self, html: str) -> str:
        """The page with its assets named by this release."""
        return html.replace('"/assets/', f'"/assets/{self.release}/')

    def page(self, html: str) -> EncodedBody:
        """Make a page that loads its assets from this release."""
        return EncodedBody.of(self.released(html).encode(), "text/html")


def load_page_files(*directories: Path) -> PageFiles:
    """Read the pages and assets of these directories, without nested ones.

    Raises:
        ValueError: two directories have an asset of the same name.
    """
    sources = sorted(path for directory in directories for path in directory.iterdir() if path.is_file())
    assets: dict[str, EncodedBody] = {}
    for path in sources:
        if path.suffix in _ASSET_TYPES:
            if path.name in assets:
                raise ValueError(f"two assets are named {path.name}")
            assets[path.name] = EncodedBody.of(path.read_bytes(), _ASSET_TYPES[path.suffix])
    bare = PageFiles(release=_release_of(assets), pages=MappingProxyType({}), assets=MappingProxyType(assets))
    pages = {path.name: bare.page(path.read_text("utf-8")) for path in sources if path.suffix == ".html"}
    runbook = next((path.read_text("utf-8") for path in sources if path.name == "runbook.md"), "")
    return PageFiles(release=bare.release, pages=MappingProxyType(pages), assets=bare.assets, runbook=runbook)


def _release_of(assets: Mapping[str, EncodedBody]) -> str:
    content = "".join(f"{name}{asset.etag}" for name, asset in sorted(assets.items()))
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()

"""The fonts of the browser tests: one wide family and one narrow one, the same files on every machine.

The width of a text decides whether a page fits its screen, and each machine has other fonts. So Chromium is started
with a fontconfig file that names the fonts of a pinned npm package and no others. Text that names no family that exists
is drawn in the wide one, as on a Debian that has only its default fonts.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from tests.support import npm

WIDE = "DejaVu Sans"
NARROW = "DejaVu Sans Condensed"

_PACKAGE = npm.NpmPackage(name="dejavu-fonts-ttf", version="2.37.3")
_FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Bold.ttf")

_FONTCONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <match target="pattern">
    <edit name="family" mode="append_last"><string>{wide}</string></edit>
  </match>
</fontconfig>
"""

# A constructed sheet: the pages' content security policy allows no inline style.
_USE_FAMILY = """(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('*, *::before, *::after { font-family: "FAMILY" !important }');
  document.adoptedStyleSheets = [sheet];
})();"""


def install(directory: Path) -> Path:
    """Put the four font files and a fontconfig file that names only them into a directory.

    Ends the test as ``requirement.missing`` does when npm is missing or cannot fetch the package.

    Args:
        directory: an empty directory.

    Returns:
        The fontconfig file, for the environment variable ``FONTCONFIG_FILE`` of Chromium.
    """
    package = npm.install(_PACKAGE)
    fonts = directory / "fonts"
    fonts.mkdir()
    for name in _FILES:
        (fonts / name).symlink_to(package / "ttf" / name)
    config = directory / "fonts.conf"
    text = _FONTCONFIG.format(fonts=escape(str(fonts)), cache=escape(str(directory / "cache")), wide=WIDE)
    config.write_text(text, encoding="utf-8")
    return config


def use_family(family: str) -> str:
    """Return a script that draws all text of a document in one family; run it before the document's own scripts."""
    return _USE_FAMILY.replace("FAMILY", family)

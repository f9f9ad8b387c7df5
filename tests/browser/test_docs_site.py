"""The documentation's site: what its copy buttons copy, its contrast, and names that are not broken.

A site of one page that has one of each: the whole site takes a minute to build.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser import axe

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

_ROOT = Path(__file__).parents[2]
_PAGE = """# One of each

A [link](other.md), `code`, and a [link with `code`](other.md).

## Commands

```console
$ export PATH="$PWD/.venv/bin:$PATH"   # a comment
$ cat > half.json << 'END'
{"video_id": "1001"}
END
$ linkhub export \\
    --full | wc -l
140
```

```console
$ linkhub serve
```

```python
@frozen
class Example(Exception):
    \"\"\"A docstring.\"\"\"
    value: int = 1_000  # a comment

    def text(self) -> str:
        return f"{self.value!r} \\n" if self else None
```

```json
{"price": 45000, "tags": ["a"], "is": null}
```

```js
const socket = io('ws://localhost:3002/products')   // a comment
```

```text
plain
```

!!! note
    A note with `code`.

| setting | meaning |
|---|---|
| `LINKHUB_HTTP_CONNECTIONS_PER_ADDRESS` | LONG `LINKHUB_HTTP_REQUESTS_IN_WORK` and [a link](other.md) in it |

A line of text in which a name comes at its end, wherever that may be: `LINKHUB_HTTP_CONNECTIONS_PER_ADDRESS`, and again
`LINKHUB_HTTP_CONNECTIONS_PER_ADDRESS`, `LINKHUB_HTTP_CONNECTIONS_PER_ADDRESS`.
""".replace("LONG", "a text that leaves the name no place " * 4)
_COMMANDS = """export PATH="$PWD/.venv/bin:$PATH"   # a comment
cat > half.json << 'END'
{"video_id": "1001"}
END
linkhub export \\
    --full | wc -l"""
# The theme selects what it copies in a text area of its own.
_COPIED = """button => new Promise(done => {
  document.execCommand = () => { done(document.activeElement.value ?? String(getSelection())); return true; };
  button.click();
})"""


_CONFIGURATION = """INHERIT: {root}/mkdocs.yml
docs_dir: {home}/docs
site_dir: {home}/built
use_directory_urls: false
nav: [index.md, other.md]
plugins: [search]
hooks: ["{root}/docs/hooks/copied_commands.py"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with the theme, the sheets and the hook of the documentation."""
    home = tmp_path_factory.mktemp("site")
    pages = home / "docs"
    (pages / "stylesheets").mkdir(parents=True)
    (pages / "index.md").write_text(_PAGE, encoding="utf-8")
    (pages / "other.md").write_text("# Other\n\n[Back](index.md)\n", encoding="utf-8")
    (pages / "stylesheets" / "site.css").symlink_to(_ROOT / "docs" / "stylesheets" / "site.css")
    (home / "mkdocs.yml").write_text(_CONFIGURATION.format(root=_ROOT, home=home), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--quiet", "-f", str(home / "mkdocs.yml")]
    subprocess.run(command, check=True, capture_output=True)
    return home / "built"


async def test_the_copy_button_copies_commands(browser: Browser, site: Path) -> None:
    """With their continuations and here-documents, without prompts and output; blocks of a language as they are."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto((site / "index.html").as_uri())
    buttons = page.locator(".md-clipboard, .md-code__button[data-clipboard-target]")
    await expect(buttons.first).to_be_attached()
    copied = [await buttons.nth(number).evaluate(_COPIED) for number in (0, 1, 3)]
    assert copied == [_COMMANDS, "linkhub serve", '{"price": 45000, "tags": ["a"], "is": null}']
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(browser: Browser, site: Path, scheme: Any) -> None:
    """Contrast above all, in both schemes; names of settings keep to one line."""
    context = await browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 2_000})
    page = await context.new_page()
    await page.goto((site / "index.html").as_uri())
    assert [found for found in await axe.violations(page) if found.startswith("color-contrast")] == []
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        lines = "codes => codes.map(code => code.getClientRects().length)"
        names = page.locator("code", has_text="LINKHUB_")
        assert set(await names.evaluate_all(lines)) == {1}
    await context.close()

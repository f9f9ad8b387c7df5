"""Whether a page fits its screen: what is measured, on which screens, and what may be cut or scrolled sideways.

Measured after layout, not by eye: the page does not scroll sideways; no visible element reaches beyond the screen; no
text is wider or higher than the box that cuts it. ``layout_overflow.js`` measures; the exceptions are named here.
"""

from __future__ import annotations

from pathlib import Path

import attrs
from playwright.async_api import Page


@attrs.frozen(kw_only=True)
class Screen:
    """A screen as the page sees it.

    A browser's zoom of 200 % halves the CSS pixels, so a phone of 320 pixels has 160. `text_percent` is the other kind
    of zoom, of text alone, as phones have it in their settings.
    """

    name: str
    width: int
    height: int
    text_percent: int = 100


TIGHT_SCREENS = (
    Screen(name="tablet", width=768, height=1024),
    Screen(name="small phone", width=320, height=640),
    Screen(name="small phone in landscape", width=640, height=320),
    Screen(name="small phone at 200 %", width=160, height=320),
)
SCREENS = (
    Screen(name="desk", width=1280, height=900),
    Screen(name="desk at 200 %", width=640, height=450),
    Screen(name="phone", width=390, height=844),
    *TIGHT_SCREENS,
    Screen(name="small phone with text of 200 %", width=320, height=640, text_percent=200),
    Screen(name="tablet with text of 200 %", width=768, height=1024, text_percent=200),
)

# Boxes that scroll sideways on purpose: rows of pictures and filters, tables and code.
_MAY_SCROLL = "#filters, #product-strip, .scroll, pre"
# Boxes that cut on purpose: pictures, charts, text for screen readers, and previews of a text that a tap shows whole.
_MAY_CUT = ", ".join(
    [
        ".picture, .picture *, .chart .plot, .chart .plot *",
        ".only-heard",
        ":is(.tile, .card) :is(.title, li), .tile .tags, .toast-title, .letter-what, #filters button",
    ]
)
_MISFITS = (Path(__file__).parent / "layout_overflow.js").read_text("utf-8")

_TEXT_SIZE = """(percent) => { document.documentElement.style.fontSize = percent === 100 ? "" : `${percent}%`; }"""
_NEXT_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


async def show_on(page: Page, screen: Screen) -> None:
    """Give the page this screen, and wait until it is laid out for it."""
    await page.set_viewport_size({"width": screen.width, "height": screen.height})
    await page.evaluate(_TEXT_SIZE, screen.text_percent)
    await page.evaluate(_NEXT_FRAMES)


async def overflows(page: Page, *, may_cut: str = "") -> list[str]:
    """Return what does not fit the screen that the page has now.

    Args:
        page: the page, laid out.
        may_cut: a selector of further boxes that may cut their content.
    """
    exempt = f"{_MAY_CUT}, {may_cut}" if may_cut else _MAY_CUT
    found: list[str] = await page.evaluate(_MISFITS, [_MAY_SCROLL, exempt])
    return found


async def overflows_by_screen(page: Page) -> dict[str, list[str]]:
    """Show the page on each of the screens and return what does not fit, by the screen's name."""
    found = {}
    for screen in SCREENS:
        await show_on(page, screen)
        found[screen.name] = await overflows(page)
    return {name: complaints for name, complaints in found.items() if complaints}

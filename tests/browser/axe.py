"""What axe-core finds on a page: the rules of WCAG 2.2 A and AA, and best practices."""

from __future__ import annotations

from playwright.async_api import Page

from tests.support import npm

_PACKAGE = npm.NpmPackage(name="axe-core", version="4.14.1")
_RUN = """async (scope) => {
  const { violations } = await axe.run(scope ?? document);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target}: ${failureSummary}`));
}"""


async def violations(page: Page, scope: str | None = None) -> list[str]:
    """Return each element that breaks a rule, with the rule; of the page, or of the elements of a selector.

    The content security policy does not hold for scripts that the browser's own protocol runs.
    """
    source = (npm.install(_PACKAGE) / "axe.min.js").read_text("utf-8")
    await page.evaluate(source)
    found: list[str] = await page.evaluate(_RUN, scope)
    return found

"""axe-core on a page: what it finds against WCAG 2.2 A and AA and its best practices, in words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"

# Rules about whole pages: a figure is a part of one, without its landmarks and its headings.
_OF_PAGES = ["region", "landmark-one-main", "page-has-heading-one", "bypass"]

_RUN = """async ([root, disabled]) => {
  const rules = Object.fromEntries(disabled.map(id => [id, { enabled: false }]));
  const { violations, passes } = await axe.run(root, { rules });
  return {
    checked: passes.length,
    found: violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\\n${failureSummary}`)),
  };
}"""


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def assert_accessible(page: Page, root: str = ".tokenviz") -> None:
    """Fail with everything that axe finds wrong below ``root``, colour contrast included."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_script())
    result = page.evaluate(_RUN, [root, _OF_PAGES])
    assert result["checked"] > 10, "axe looked at nothing"
    assert result["found"] == [], "\n\n".join(result["found"])

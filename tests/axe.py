"""axe-core on a page: what it finds against WCAG 2.2 A and AA and its best practices, in words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

SCRIPT = Path(__file__).parents[1] / "node_modules/axe-core/axe.min.js"

# Rules about whole pages: a figure is a part of one, without its landmarks and its headings.
_OF_PAGES = ["region", "landmark-one-main", "page-has-heading-one", "bypass"]

# The size of targets is WCAG 2.2's, and off by default. The two handles of a range lie over one
# another, and only their thumbs take the pointer, which axe cannot see.
_RUN = """async ([root, disabled, sizes]) => {
  const rules = Object.fromEntries(disabled.map(id => [id, { enabled: false }]));
  const results = [await axe.run(root, { rules })];
  if (sizes) {
    const roots = { include: [root], exclude: [[".tokenviz-track"]] };
    results.push(await axe.run(roots, { runOnly: ["target-size"] }));
  }
  return {
    checked: results[0].passes.length,
    found: results.flatMap(({ violations }) => violations).flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\\n${failureSummary}`)),
  };
}"""


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def assert_accessible(page: Page, root: str = ".tokenviz", *, sizes: bool = True) -> None:
    """Fail with everything that axe finds wrong below ``root``, colour contrast included.

    ``sizes``: also what is too small to press, or too near to something else.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_script())
    result = page.evaluate(_RUN, [root, _OF_PAGES, sizes])
    assert result["checked"] > 3, "axe looked at nothing"
    assert result["found"] == [], "\n\n".join(result["found"])

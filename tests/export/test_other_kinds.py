"""A page may hold figures of a kind that its renderer does not draw: a script beside it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.chromium import OfflinePages
from tokenviz.export.html import fragment, page

MOUNTER = """<script>
const mounters = (globalThis[Symbol.for("tokenviz.mounters")] ??= new Map());
mounters.set("explorer", (model, element, signal) => {
  const core = globalThis[Symbol.for("tokenviz.core")];
  const { Figure, MemoryModel, Store, TraceDrawing, h } = core;
  const of = (name) => (name === "_kind" ? "trace" : model.get(name));
  const inner = { get: of, set() {}, save_changes() {}, on() {}, off() {} };
  const figure = new Figure({
    store: new Store(inner, signal), drawing: new TraceDrawing(), defaultHeight: 900, signal,
  });
  const made = h("div", { class: "made" }, figure.element);
  made.dataset.memory = String(model instanceof MemoryModel);
  element.append(made);
});
</script>"""


def pages(place: str) -> str:
    """A page with a trace, and with the same trace called an explorer; a mounter in its place."""
    plain = fragment(tv.examples.trace().show(), with_script=False)
    other = plain.replace('"_kind":"trace"', '"_kind":"explorer"')
    assert other != plain
    whole = page([plain, other], "Two kinds")
    before, after = '<style class="tokenviz-renderer">', "</body>"
    return {
        "nowhere": whole,
        "before": whole.replace(before, MOUNTER + before),
        "after": whole.replace(after, MOUNTER + after),
    }[place]


def test_a_figure_that_nobody_knows_keeps_its_table(offline: OfflinePages, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(pages("nowhere"), encoding="utf-8")
    opened = offline.open(tmp_path / "page.html")
    expect(opened.page.locator('.tokenviz[data-tokenviz-ready="true"]')).to_have_count(1)
    tables = opened.page.locator(".tokenviz-static")
    expect(tables.nth(0)).to_be_hidden()
    expect(tables.nth(1)).to_be_visible()
    opened.assert_quiet()


@pytest.mark.parametrize("place", ["before", "after"])
def test_its_script_builds_on_the_renderer(
    place: str, offline: OfflinePages, tmp_path: Path
) -> None:
    (tmp_path / "page.html").write_text(pages(place), encoding="utf-8")
    opened = offline.open(tmp_path / "page.html")
    expect(opened.page.locator('.tokenviz[data-tokenviz-ready="true"]')).to_have_count(2)
    expect(opened.page.locator('.made[data-memory="true"] > .tokenviz')).to_have_count(1)
    for table in opened.page.locator(".tokenviz-static").all():
        expect(table).to_be_hidden()
    opened.assert_quiet()

"""tokenviz: the page that `save()` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from benchmarks.render.contender import Contender, Kind

__all__ = ["CONTENDERS"]

# Of a comparison, the figure inside.
_ROOT = "document.querySelector('.tokenviz[data-tokenviz-kind]')"

# The attribute is set in the frame that paints; what is still on its way then, painted() awaits.
FINISHED = f"""new Promise(resolve => {{
  const look = () => {{
    if ({_ROOT}?.dataset.tokenvizReady !== "true") return;
    observer.disconnect();
    resolve();
  }};
  const observer = new MutationObserver(look);
  observer.observe(document, {{ subtree: true, attributeFilter: ["data-tokenviz-ready"] }});
  document.addEventListener("DOMContentLoaded", look);
}}).then(() => {_ROOT}.tokenvizFigure.painted())"""

# As with the slider: the panel is open.
PREPARE = f"""async () => {{
  const panel = {_ROOT}.querySelector(".tokenviz-panel");
  if (!panel.checkVisibility()) {_ROOT}.querySelector('[data-tokenviz-control="toggle"]').click();
  await {_ROOT}.tokenvizFigure.painted();
}}"""

RECOLOUR = f"""i => {{
  const field = {_ROOT}.querySelector('[data-tokenviz-control="vmax-number"]');
  field.value = String(0.5 + (i % 7) / 20);
  field.dispatchEvent(new Event("input", {{ bubbles: true }}));
  field.dispatchEvent(new Event("change", {{ bubbles: true }}));
  return {_ROOT}.tokenvizFigure.painted();
}}"""

VIEWPORT = f"{_ROOT}.querySelector('.tokenviz-viewport')"

# Five steps in, five out; none where there is nothing to zoom.
ZOOM = f"""(() => {{
  const button = {_ROOT}.querySelector('[data-tokenviz-control="zoom-in"]');
  if (button === null || button.disabled) return null;
  const viewport = {VIEWPORT};
  return i => {{
    const {{ x, y, width, height }} = viewport.getBoundingClientRect();
    viewport.dispatchEvent(new WheelEvent("wheel", {{
      ...{{ deltaY: i % 10 < 5 ? -100 : 100, ctrlKey: true, bubbles: true, cancelable: true }},
      ...{{ clientX: x + width / 2, clientY: y + height / 2 }},
    }}));
    return {_ROOT}.tokenvizFigure.painted();
  }};
}})()"""

# Where all of a matrix is in view, a part of it is zoomed into first.
PAN = f"""(async () => {{
  const viewport = {VIEWPORT};
  const room = () => Math.max(
    viewport.scrollHeight - viewport.clientHeight, viewport.scrollWidth - viewport.clientWidth);
  const button = {_ROOT}.querySelector('[data-tokenviz-control="zoom-in"]');
  for (let i = 0; i < 12 && room() < 300 && button !== null && !button.disabled; i++) {{
    button.click();
    await {_ROOT}.tokenvizFigure.painted();
  }}
  if (room() < 300) return null;
  return async i => {{
    viewport.scrollBy(i % 10 < 5 ? 23 : -23, i % 10 < 5 ? 31 : -31);
    // The scroll event, and with it the painting, comes at the beginning of the next frame.
    await tokenvizBenchmark.frame();
    return {_ROOT}.tokenvizFigure.painted();
  }};
}})()"""


def build(source: Any, path: Path) -> None:
    """Save the figure."""
    source.show().save(path)


CONTENDERS = tuple(
    Contender(
        "tokenviz",
        kind,
        build,
        FINISHED,
        imports=("tokenviz.widget.heatmap", "tokenviz.export.html"),
        prepare=PREPARE,
        recolour=RECOLOUR,
        zoom=ZOOM if kind == "heatmap" else None,
        pan=PAN if kind == "heatmap" else None,
        scroller=VIEWPORT,
    )
    for kind in get_args(Kind)
)

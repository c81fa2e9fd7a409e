"""One span per token, its alternatives in the title: what one writes without a library."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from benchmarks.render.contender import Contender, html_page

__all__ = ["CONTENDERS"]

RECOLOUR = """async i => {
  const high = 0.5 + (i % 7) / 20;
  for (const span of document.querySelectorAll("span[data-p]")) {
    const share = Math.min(1, Number(span.dataset.p) / high);
    span.style.backgroundColor = `hsl(120 60% ${100 - 50 * share}%)`;
  }
}"""


def build(source: Any, path: Path) -> None:
    """Write the page."""
    texts = [escape(token.text) for token in source.vocabulary]
    considered = [
        f"{texts[index]} {probability:.3f}"
        for index, probability in zip(
            source.alternative_index.tolist(),
            source.alternative_probabilities.tolist(),
            strict=True,
        )
    ]
    offsets = source.offsets.tolist()
    spans = [
        f'<span data-p="{p:.4f}" title="{"&#10;".join(considered[start:stop])}" '
        f'style="background-color:hsl(120 60% {100 - 50 * p:.1f}%)">{texts[index]}</span>'
        for index, p, start, stop in zip(
            source.index.tolist(),
            source.probabilities.tolist(),
            offsets[:-1],
            offsets[1:],
            strict=True,
        )
    ]
    body = f'<div style="font:14px monospace;white-space:pre-wrap">{"".join(spans)}</div>'
    path.write_text(html_page(body), encoding="utf-8")


CONTENDERS = (
    Contender(
        "",
        "trace",
        build,
        "() => document.readyState === 'complete'",
        setting="one span per token",
        recolour=RECOLOUR,
    ),
)

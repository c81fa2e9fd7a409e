"""A figure on a page, as a test sees and handles it: cells, pixels, controls.

Geometry is asked of the renderer; colours are read from a screenshot of the page and compared with
colours computed here from cmap and the documented norm, so that neither the Python nor the
TypeScript colour scale is its own witness.
"""

from __future__ import annotations

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import cmap
import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Locator, expect

Cell = tuple[int, int]
Rgb = tuple[int, int, int]
EXAMPLES = Path(__file__).parents[1] / "src/tokenviz/examples"


def reference(name: str) -> Any:
    """The numbers of a reference figure as they stand in its JSON file."""
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


@cache
def table(colormap: str) -> npt.NDArray[np.int64]:
    """256 colours of a colormap, from cmap alone."""
    return np.round(np.asarray(cmap.Colormap(colormap).lut(256))[:, :3] * 255).astype(int)


def expected_color(
    value: float,
    colormap: str,
    low: float,
    high: float,
    center: float | None = None,
    gamma: float = 1.0,
) -> Rgb:
    """The documented colour of a value: clip, norm, gamma, floor into 256 entries."""
    value = float(np.float32(value))
    if center is None:
        t = min(1.0, max(0.0, (value - low) / (high - low))) ** gamma
    else:
        reach = high - center if value >= center else center - low
        d = min(1.0, max(-1.0, (value - center) / reach))
        t = 0.5 + 0.5 * (abs(d) ** gamma) * (1 if d >= 0 else -1)
    r, g, b = table(colormap)[min(255, int(t * 256))].tolist()
    return r, g, b


class Figure:
    """One figure on a page."""

    def __init__(self, locator: Locator) -> None:
        self.locator = locator
        self.viewport = locator.locator(".tokenviz-viewport")
        self.panel = locator.locator(".tokenviz-panel")
        expect(locator).to_have_attribute("data-tokenviz-ready", "true")

    def control(self, name: str) -> Locator:
        return self.locator.locator(f'[data-tokenviz-control="{name}"]')

    def open_controls(self) -> None:
        if not self.panel.is_visible():
            self.control("toggle").click()
        expect(self.panel).to_be_visible()

    def drag(self, name: str, to: float) -> None:
        """Drag the thumb of a slider to a value, with the mouse."""
        slider = self.control(name)
        slider.scroll_into_view_if_needed()
        low, high, now = slider.evaluate("e => [+e.min, +e.max, +e.value]")
        box = slider.bounding_box()
        assert box is not None
        thumb = slider.evaluate("e => parseFloat(getComputedStyle(e).height)")
        room = box["width"] - thumb

        def at(value: float) -> float:
            return float(box["x"] + thumb / 2 + room * (value - low) / (high - low))

        y = box["y"] + box["height"] / 2
        mouse = slider.page.mouse
        mouse.move(at(now), y)
        mouse.down()
        mouse.move(at((now + to) / 2), y)
        mouse.move(at(to), y)
        mouse.up()
        self.settle()

    def type(self, name: str, value: float) -> None:
        """Write a number into a control's field."""
        self.control(name).fill(str(value))
        self.control(name).press("Enter")
        self.settle()

    def settle(self) -> None:
        """Wait until the figure shows its state as it is now."""
        self.locator.evaluate("e => e.tokenvizFigure.painted()")
        self.locator.page.mouse.move(1, 1)

    def rect(self, cell: Cell) -> tuple[float, float, float, float]:
        """A cell's left, top, width and height on the screen, in CSS pixels."""
        r = self.locator.evaluate(
            "(e, cell) => { const r = e.tokenvizFigure.rect(cell);"
            " return [r.x, r.y, r.width, r.height]; }",
            list(cell),
        )
        return tuple(r)

    def picture(self) -> Image.Image:
        """What the viewport shows."""
        self.settle()
        return Image.open(io.BytesIO(self.viewport.screenshot())).convert("RGB")

    def colors(self, cells: list[Cell]) -> dict[Cell, Rgb]:
        """Background colours of cells, read near their lower left corner."""
        self.viewport.scroll_into_view_if_needed()
        picture = self.picture()
        box = self.viewport.bounding_box()
        assert box is not None
        scale = picture.width / box["width"]
        found: dict[Cell, Rgb] = {}
        for cell in cells:
            x, y, _, height = self.rect(cell)
            point = (x - box["x"] + 4) * scale, (y + height - box["y"] - 4) * scale
            pixel = picture.getpixel((round(point[0]), round(point[1])))
            assert isinstance(pixel, tuple)
            found[cell] = pixel[:3]  # type: ignore[assignment]
        return found

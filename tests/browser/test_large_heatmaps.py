"""Heatmaps of more cells than pixels: what is seen of them, zooming and panning by every means."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import tokenviz as tv
from tests.chromium import OfflinePages, Opened
from tests.figure import Cell, Figure, expected_color

SIZE = 300
LARGE = 2048
OUTLIER = (1397, 611)
Values = npt.NDArray[np.float32]

COUNT_PAINTS = """
async () => {
  const viewport = document.querySelector(".tokenviz-viewport");
  const ctx = viewport.querySelector("canvas").getContext("2d");
  const clear = ctx.clearRect.bind(ctx);
  let paints = 0;
  ctx.clearRect = (x, y, width, height) => {
    const whole = width === ctx.canvas.width && height === ctx.canvas.height;
    if (whole && x === 0 && y === 0) paints += 1;
    clear(x, y, width, height);
  };
  const counted = async (act) => {
    const before = paints;
    act();
    for (let i = 0; i < 4; i++) await new Promise(requestAnimationFrame);
    return paints - before;
  };
  const { x, y, width, height } = viewport.getBoundingClientRect();
  const zoom = () => viewport.dispatchEvent(new WheelEvent("wheel", {
    ...{ deltaY: -20, ctrlKey: true, bubbles: true, cancelable: true },
    ...{ clientX: x + width / 2, clientY: y + height / 2 },
  }));
  return {
    zoomed: await counted(zoom),
    scrolled: await counted(() => viewport.scrollBy(0, 30)),
    twice: await counted(() => { zoom(); zoom(); }),
  };
}
"""


def smooth(size: int) -> Values:
    y, x = np.mgrid[0:size, 0:size] / size
    return (0.4 * np.sin(9 * x) * np.cos(7 * y) + 0.1 * np.sin(400 * x * y)).astype(np.float32)


def save(values: Values, path: Path) -> Path:
    rows, columns = ([f" t{i}" for i in range(n)] for n in values.shape)
    tv.Attribution(values, rows, columns).show(title="Large").save(path)
    return path


@pytest.fixture(scope="module")
def values() -> Values:
    values = smooth(SIZE)
    values[40, 50] = np.nan
    return values


@pytest.fixture(scope="module")
def saved(values: Values, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(values, tmp_path_factory.mktemp("large") / "heatmap.html")


def open_figure(offline: OfflinePages, path: Path, scale: float = 1) -> tuple[Opened, Figure]:
    opened = offline.open(path, width=1000, device_scale_factor=scale)
    return opened, Figure(opened.page.locator(".tokenviz"))


def pixels(figure: Figure) -> npt.NDArray[np.uint8]:
    """What the canvas holds, in device pixels."""
    canvas = figure.viewport.locator("canvas").first
    png = canvas.evaluate("c => c.toDataURL('image/png')").partition(",")[2]
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    return np.asarray(picture.convert("RGB"))


def middle(figure: Figure, cell: Cell) -> tuple[float, float]:
    x, y, width, height = figure.rect(cell)
    return x + width / 2, y + height / 2


def cell_size(figure: Figure) -> float:
    first, last = figure.rect((0, 0)), figure.rect((SIZE - 1, SIZE - 1))
    return (last[0] - first[0]) / (SIZE - 1)


def hovered(page: Page, x: float, y: float) -> Cell:
    """The cell that the tooltip at a point tells of."""
    page.mouse.move(x - 1, y)
    page.mouse.move(x, y)
    tooltip = page.locator(".tokenviz-tooltip")
    expect(tooltip).to_be_visible()
    text = {
        name: tooltip.locator(f"dt:text-is('{name}') + dd").text_content() or ""
        for name in ("row", "column")
    }
    row, column = (int(text[name].split(" of ")[0]) - 1 for name in ("row", "column"))
    return row, column


def assert_colors(figure: Figure, values: Values, cells: list[Cell]) -> None:
    painted = figure.colors(cells)
    assert painted == {c: expected_color(float(values[c]), "RdYlGn", -1, 1, 0) for c in cells}


@pytest.mark.parametrize("scale", [1, 2])
def test_the_outlier_of_millions_is_seen_and_found(
    scale: int, offline: OfflinePages, tmp_path: Path
) -> None:
    values = smooth(LARGE)
    values[OUTLIER] = -0.93
    opened, figure = open_figure(offline, save(values, tmp_path / "p.html"), scale)
    figure.settle()
    color = expected_color(-0.93, "RdYlGn", -1, 1, 0)
    y, x = np.nonzero((pixels(figure) == color).all(axis=-1))
    assert len(x) == 1, "one pixel of all has the outlier's colour"
    box = figure.viewport.bounding_box()
    assert box is not None
    at = box["x"] + (x[0] + 0.5) / scale, box["y"] + (y[0] + 0.5) / scale
    assert hovered(opened.page, *at) == OUTLIER
    near = middle(figure, OUTLIER)
    assert abs(near[0] - at[0]) < 2 and abs(near[1] - at[1]) < 2
    opened.assert_quiet()


def test_a_refused_worker_is_done_without(offline: OfflinePages, tmp_path: Path) -> None:
    path = save(smooth(1100), tmp_path / "p.html")
    page = path.read_text(encoding="utf-8")
    assert "; worker-src blob:" in page
    path.write_text(page.replace("; worker-src blob:", ""), encoding="utf-8")
    opened, figure = open_figure(offline, path)
    figure.settle()
    assert len(np.unique(pixels(figure).reshape(-1, 3), axis=0)) > 50
    refused = [text for text in opened.errors if "Content Security Policy" not in text]
    assert refused == []


def test_the_wheel_zooms_at_the_pointer_until_values_can_be_read(
    offline: OfflinePages, saved: Path, values: Values
) -> None:
    opened, figure = open_figure(offline, saved)
    page = opened.page
    assert cell_size(figure) < 4
    at = middle(figure, (120, 140))
    assert hovered(page, *at) == (120, 140)
    page.keyboard.down("Control")
    for _ in range(14):
        page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    figure.settle()
    assert cell_size(figure) > 60
    row, column = hovered(page, *at)
    assert abs(row - 120) <= 1 and abs(column - 140) <= 1, "the cell under the pointer stayed"
    figure.settle()
    assert_colors(figure, values, [(row + i, column + j) for i in (-2, 0, 2) for j in (-1, 0, 1)])
    x, y, width, height = figure.rect((row, column))
    box = figure.viewport.bounding_box()
    assert box is not None
    left, top = x - box["x"], y - box["y"]
    inside = np.asarray(
        figure.picture().crop((int(left + 4), int(top + 4), int(left + width - 4),
                               int(top + height - 4)))
    ).astype(int)  # fmt: skip
    ground = np.array(figure.colors([(row, column)])[row, column])
    assert (np.abs(inside - ground).max(axis=-1) > 96).sum() > 60, "no value is drawn in the cell"
    # Headers stay where they are while cells move under them.
    assert figure.rect((-1, column))[1] == pytest.approx(box["y"], abs=1)
    assert figure.rect((row, -1))[0] == pytest.approx(box["x"], abs=1)
    page.keyboard.down("Control")
    page.mouse.move(*at)
    for _ in range(20):
        page.mouse.wheel(0, 100)
    page.keyboard.up("Control")
    figure.settle()
    assert cell_size(figure) < 4
    assert page.evaluate("visualViewport.scale") == 1
    opened.assert_quiet()


def test_the_wheel_alone_scrolls(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved)
    figure.control("zoom-in").click()
    size = cell_size(figure)
    before = figure.rect((0, 0))[1]
    opened.page.mouse.move(*middle(figure, (150, 150)))
    opened.page.mouse.wheel(0, 80)
    opened.page.wait_for_function(
        "y => document.querySelector('.tokenviz').tokenvizFigure.rect([0, 0]).y < y", arg=before
    )
    assert cell_size(figure) == size


def test_buttons_zoom_and_say_when_there_is_no_further(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved)
    into, out, fit = (figure.control(f"zoom-{name}") for name in ("in", "out", "fit"))
    start = cell_size(figure)
    expect(out).to_be_disabled()
    into.click()
    assert cell_size(figure) == pytest.approx(1.5 * start, rel=0.15)
    expect(out).to_be_enabled()
    while into.is_enabled():
        into.click()
    assert cell_size(figure) > 100
    out.click()
    expect(into).to_be_enabled()
    fit.click()
    assert cell_size(figure) == pytest.approx(start, rel=0.01)
    expect(figure.locator.locator(".tokenviz-live")).to_have_text("The whole picture")
    opened.assert_quiet()


def test_keys_zoom_at_the_cursor_and_pan(
    offline: OfflinePages, saved: Path, values: Values
) -> None:
    opened, figure = open_figure(offline, saved)
    keyboard = opened.page.keyboard
    figure.viewport.focus()
    for _ in range(3):
        keyboard.press("PageDown")
    keyboard.press("Control+ArrowRight")
    for _ in range(10):
        keyboard.press("+")
    figure.settle()
    box = figure.viewport.bounding_box()
    assert box is not None
    corner = figure.rect((SIZE - 1, SIZE - 1))
    assert corner[2] > 80, "zoomed in to the cursor"
    assert corner[0] < box["x"] + box["width"] and corner[1] < box["y"] + box["height"]
    assert_colors(figure, values, [(SIZE - 1, SIZE - 1), (SIZE - 3, SIZE - 2)])
    left, top = corner[0], corner[1]
    keyboard.press("Shift+ArrowLeft")
    keyboard.press("Shift+ArrowUp")
    figure.settle()
    after = figure.rect((SIZE - 1, SIZE - 1))
    assert after[0] > left + 50 and after[1] > top + 50
    keyboard.press("-")
    assert figure.rect((0, 0))[2] < 138
    keyboard.press("0")
    assert cell_size(figure) < 4
    opened.assert_quiet()


def test_double_click_reads_here_and_shows_the_whole_again(
    offline: OfflinePages, saved: Path
) -> None:
    opened, figure = open_figure(offline, saved)
    at = middle(figure, (200, 100))
    opened.page.mouse.dblclick(*at)
    figure.settle()
    assert cell_size(figure) > 40
    row, column = hovered(opened.page, *at)
    assert abs(row - 200) <= 1 and abs(column - 100) <= 1
    opened.page.mouse.dblclick(*at)
    figure.settle()
    assert cell_size(figure) < 4
    opened.assert_quiet()


@pytest.mark.parametrize("how", ["middle", "control"])
def test_dragging_pans(how: str, offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved)
    page = opened.page
    x, y = middle(figure, (150, 150))
    page.mouse.dblclick(x, y)
    figure.settle()
    cell = hovered(page, x, y)
    if how == "control":
        page.keyboard.down("Control")
    page.mouse.move(x, y)
    page.mouse.down(button="middle" if how == "middle" else "left")
    page.mouse.move(x - 60, y - 30, steps=4)
    page.mouse.move(x - 120, y - 50, steps=4)
    page.mouse.up(button="middle" if how == "middle" else "left")
    page.keyboard.up("Control")
    selected = hovered(page, x - 120, y - 50)
    assert selected == cell, "the cell went with the pointer"
    # Dragging selects nothing.
    figure.settle()
    page.keyboard.press("Escape")
    opened.assert_quiet()


def test_two_fingers_zoom(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved)
    page = opened.page
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    figure.settle()  # for fingers, buttons are larger
    at = middle(figure, (120, 140))

    def touch(kind: str, apart: float) -> None:
        points = [{"x": at[0] + side * apart, "y": at[1], "id": i} for i, side in ((0, -1), (1, 1))]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 20)
    for apart in range(30, 160, 10):
        touch("touchMove", apart)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    figure.settle()
    assert cell_size(figure) > 15
    x, y, width, height = figure.rect((120, 140))
    assert x - width <= at[0] <= x + 2 * width and y - height <= at[1] <= y + 2 * height
    assert page.evaluate("visualViewport.scale") == 1
    opened.assert_quiet()


def test_nan_is_hatched_and_never_hides_a_value(
    offline: OfflinePages, saved: Path, tmp_path: Path
) -> None:
    values = smooth(1500)
    values[:, 700:] = np.nan
    values[900, 1100] = 0.99
    opened, figure = open_figure(offline, save(values, tmp_path / "p.html"))
    figure.settle()
    painted = pixels(figure)
    assert ((painted == expected_color(0.99, "RdYlGn", -1, 1, 0)).all(axis=-1)).sum() == 1
    x, y = middle(figure, (300, 1200))
    box = figure.viewport.bounding_box()
    assert box is not None
    left, top = int(x - box["x"]), int(y - box["y"])
    area = painted[top : top + 20, left : left + 20].reshape(-1, 3)
    assert (area == area[:, :1]).all(), "grey"
    assert len(np.unique(area, axis=0)) > 1, "and hatched"
    opened.assert_quiet()


def test_what_zooms_or_scrolls_is_painted_once(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved)
    for _ in range(3):
        figure.control("zoom-in").click()
    painted = opened.page.evaluate(COUNT_PAINTS)
    assert painted == {"zoomed": 1, "scrolled": 1, "twice": 1}
    opened.assert_quiet()


def test_small_figures_have_nothing_to_zoom(offline: OfflinePages, tmp_path: Path) -> None:
    tv.examples.attribution().save(tmp_path / "p.html")
    opened, figure = open_figure(offline, tmp_path / "p.html")
    expect(figure.control("zoom-in")).to_be_hidden()
    before = figure.rect((0, 0))
    figure.viewport.focus()
    opened.page.keyboard.press("+")
    assert figure.rect((0, 0)) == before


def test_an_end_that_is_typed_is_not_bound_to_the_sliders_steps(
    offline: OfflinePages, tmp_path: Path
) -> None:
    values = np.array([[0.2, -0.4], [900.0, 0.1]], dtype=np.float32)
    path = tv.Attribution(values, ["a", "b"], ["c", "d"]).save(tmp_path / "outlier.html")
    opened = offline.open(path)
    figure = Figure(opened.page.locator(".tokenviz"))
    figure.open_controls()
    figure.control("vmax-number").fill("0.5")
    state = "e => [e.tokenvizFigure.state.vmin, e.tokenvizFigure.state.vmax]"
    assert figure.locator.evaluate(state) == [-0.5, 0.5]
    opened.assert_quiet()

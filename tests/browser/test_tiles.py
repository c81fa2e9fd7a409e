"""A matrix that does not fit, in a real JupyterLab and on a page: read where one looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from jupyter_client import BlockingKernelClient  # type: ignore[attr-defined]
from playwright.sync_api import Browser, Locator, Page, expect

import tokenviz as tv
from tests.browser.test_live import Wire
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure
from tests.jupyterlab import FIGURES, RUN_TIME, JupyterLab, command, evaluate, execute

LIMIT = 8_000_000
PATIENCE = 60_000

OPEN = """
import numpy as np, pathlib, time, tokenviz as tv
n = 100_000
values = np.memmap("values.f16", dtype=np.float16, mode="w+", shape=(n, n))
values[:700, :700] = np.add.outer(np.arange(700), -np.arange(700)) / 700
large = tv.LargeAttribution(values)
large.show(title="Ten thousand million cells", show_values=True)
"""


@dataclass
class Session:
    opened: Opened
    wire: Wire
    kernel: BlockingKernelClient
    root: Path

    @property
    def page(self) -> Page:
        return self.opened.page

    @property
    def figure(self) -> Figure:
        return Figure(self.page.locator(FIGURES))

    @property
    def status(self) -> Locator:
        return self.page.locator(".tokenviz-tile-status")

    @property
    def tooltip(self) -> Locator:
        return self.page.locator(".tokenviz-tooltip")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Session]:
    with JupyterLab(tmp_path_factory.mktemp("lab")) as lab, OfflinePages(browser) as pages:
        lab.write("tiles.ipynb", OPEN)
        opened = pages.open("about:blank", width=1400, height=1100)
        wire = Wire(opened.page)
        opened.page.goto(lab.url("tiles.ipynb"))
        command(opened.page, "notebook:run-all-cells")
        expect(opened.page.locator(FIGURES)).to_be_visible(timeout=RUN_TIME)
        with lab.kernel() as kernel:
            yield Session(opened, wire, kernel, lab.root)


def tiles(wire: Wire) -> list[dict[str, object]]:
    """The answers that came."""
    contents = (f.content.get("data", {}).get("content", {}) for f in wire.frames)
    return [content for content in contents if content.get("type") == "tile"]


def zoom_in(session: Session, times: int) -> None:
    """Zoom at the cell that the keys point at; the mouse would have a say in it."""
    session.page.mouse.move(1, 1)
    for _ in range(times):
        session.page.keyboard.press("+")
    session.figure.settle()


def test_tiles_come_where_one_looks_and_no_message_is_large(session: Session) -> None:
    figure = session.figure
    figure.viewport.scroll_into_view_if_needed()
    expect(session.status).to_contain_text("sampled")
    figure.viewport.focus()
    session.page.keyboard.press("Control+Home")
    zoom_in(session, 26)
    expect(session.tooltip).to_contain_text("1 of 100000")
    session.page.keyboard.press("ArrowDown")
    expect(session.tooltip).to_contain_text("2 of 100000")
    value = str(np.float32(np.float16(1 / 700)))
    expect(session.tooltip.locator("dd").first).to_have_text(value, timeout=PATIENCE)
    expect(session.status).to_have_text("", timeout=PATIENCE)

    answers = tiles(session.wire)
    assert (0, 0, 0) in {(a["level"], a["row"], a["column"]) for a in answers}
    assert max(frame.size for frame in session.wire.frames) < LIMIT
    whole = 2 * 100_000**2
    assert sum(frame.size for frame in session.wire.frames) < whole / 100
    assert evaluate(session.kernel, "large.pyramid._tiles.held < 2 ** 28") == "True"
    session.opened.assert_quiet()


def test_the_mouse_asks_for_the_value_it_points_at(session: Session) -> None:
    session.figure.viewport.focus()
    session.page.keyboard.press("0")
    session.figure.settle()
    box = session.figure.viewport.bounding_box()
    assert box is not None
    session.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(session.tooltip.locator("dd").first).to_have_text("0", timeout=PATIENCE)
    expect(session.tooltip).to_contain_text(re.compile(r"row[45]\d\d\d\d of 100000"))
    session.opened.assert_quiet()


def look_at(session: Session, across: float) -> None:
    """Zoom in, from the whole, where the mouse points."""
    figure, page = session.figure, session.page
    figure.viewport.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    figure.settle()
    box = figure.viewport.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + across * box["width"], box["y"] + across * box["height"])
    page.keyboard.down("Control")
    for _ in range(40):
        page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    figure.locator.evaluate("e => e.tokenvizFigure.painted()")
    x, y = box["x"] + across * box["width"] + 2, box["y"] + across * box["height"] + 2
    page.mouse.move(x, y)  # or nothing would be pointed at


def test_a_kernel_that_takes_its_time_is_waited_for(session: Session) -> None:
    # JupyterLab's comms are answered while other code runs, so it is the answer that is held up.
    execute(
        session.kernel,
        "def slow(*place, tile=large.pyramid.tile):\n"
        "    while not pathlib.Path('go').exists(): time.sleep(0.05)\n"
        "    return tile(*place)\n"
        "large.pyramid.tile = slow",
    )
    look_at(session, 0.3)
    expect(session.status).to_contain_text("waiting for the kernel", timeout=PATIENCE)
    expect(session.tooltip.locator("dd").first).to_have_text("loading…")
    (session.root / "go").touch()
    expect(session.tooltip.locator("dd").first).to_have_text("0", timeout=PATIENCE)
    expect(session.status).not_to_contain_text("waiting")
    session.opened.assert_quiet()


def test_values_that_cannot_be_read_are_told(session: Session) -> None:
    execute(
        session.kernel,
        "class Gone:\n    shape, dtype = values.shape, values.dtype\n"
        "    def __getitem__(self, key): raise OSError('the disk is gone')\n"
        "from tokenviz.tiles.reading import Reader\n"
        "large.pyramid.reader = Reader(Gone())",
    )
    look_at(session, 0.7)
    expect(session.status).to_contain_text(
        "could not be read: OSError: the disk is gone", timeout=PATIENCE
    )
    session.opened.assert_quiet()


def test_a_kernel_that_is_gone_leaves_the_picture_and_says_so(session: Session) -> None:
    command(session.page, "kernelmenu:shutdown")
    session.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel",
        timeout=PATIENCE,
    )
    look_at(session, 0.15)
    expect(session.status).to_contain_text("the kernel is gone: coarse picture", timeout=PATIENCE)
    session.page.keyboard.press("0")
    session.figure.settle()
    colors = session.figure.picture().getcolors(2**24)
    assert colors is not None and len(colors) > 5, "there is still something to see"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    values = np.random.default_rng(3).uniform(-1, 1, (5000, 4000)).astype(np.float32)
    values[0, :4] = -0.875
    values[0:2, 0:2] = [[0.25, -0.5], [0.125, 0.75]]
    large = tv.LargeAttribution(values, targets=[f"target {j}" for j in range(4000)])
    return large.show(title="A picture").save(tmp_path_factory.mktemp("page") / "large.html")


def test_a_page_shows_the_picture_and_says_what_it_lacks(offline: OfflinePages, page: Path) -> None:
    opened = offline.open(page)
    figure = Figure(opened.page.locator(".tokenviz"))
    caption = figure.locator.locator(".tokenviz-caption")
    expect(caption).to_contain_text("shown: the largest of each 4 × 4 cells")
    status = figure.locator.locator(".tokenviz-tile-status")
    expect(status).to_have_text("")
    figure.viewport.focus()
    opened.page.keyboard.press("Control+Home")
    tooltip = opened.page.locator(".tokenviz-tooltip")
    expect(tooltip).to_contain_text("not here")
    expect(tooltip).to_contain_text("extreme of 4 × 4")
    expect(tooltip).to_contain_text("target 0")
    for _ in range(26):
        opened.page.keyboard.press("+")
    figure.settle()
    expect(status).to_contain_text("no finer one is held here")
    x, y, width, height = figure.rect((0, 2))
    opened.page.mouse.move(x + width / 2, y + height / 2)
    expect(tooltip).to_contain_text("extreme of 4 × 4")
    opened.assert_quiet()


def test_what_is_in_view_is_copied(offline: OfflinePages, page: Path) -> None:
    opened = offline.open(page)
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    figure = Figure(opened.page.locator(".tokenviz"))
    figure.viewport.focus()
    opened.page.keyboard.press("Control+Home")
    for _ in range(26):
        opened.page.keyboard.press("+")
    figure.settle()
    opened.page.keyboard.press("Control+c")
    expect(figure.locator.locator(".tokenviz-live")).to_contain_text("Copied")
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    lines = copied.splitlines()
    assert lines[0].startswith("\ttarget 0\ttarget 1")
    assert lines[1].startswith("1\t")
    assert len(lines) < 100
    opened.assert_quiet()

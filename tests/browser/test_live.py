"""A text streamed in a real JupyterLab: nothing lost, little sent, stopped when asked."""

from __future__ import annotations

import ast
import json
import os
import signal
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jupyter_client import BlockingKernelClient  # type: ignore[attr-defined]
from packaging.version import Version
from playwright.sync_api import Browser, Locator, Page, expect

from tests.chromium import OfflinePages, Opened
from tests.jupyterlab import (
    FIGURES,
    RUN_TIME,
    JupyterLab,
    command,
    evaluate,
    execute,
    wait_for,
)

ROOT = Path(__file__).parents[2]
LENGTH = 2000

SETUP = f"""
import sys, threading, time
sys.path.insert(0, {str(ROOT)!r})
import torch
from tests.model.small import byte_level_tokenizer, random_model
from tokenviz.model.language_model import LanguageModel
torch.set_num_threads(1)
model = random_model("llama", max_position_embeddings=4096)
lm = LanguageModel(model, byte_level_tokenizer(), name="small")
prompt = "The cat sat on"
end = torch.tensor([lm.tokenizer.eos_token_id])
endless = lambda ids, scores: scores.index_fill(-1, end, -float("inf"))
# Sampled, so that the text does not run in circles; slowly, where a test has to come in between.
options = dict(temperature=1.0, seed=7, stream=True, logits_processor=endless)
slowly = dict(options, max_new_tokens=4000, on_token=lambda step: time.sleep(0.01))
"""


@dataclass
class Frame:
    """A message of the kernel's to the browser."""

    size: int
    kind: str
    content: dict[str, Any]


class Wire:
    """What comes over a page's websockets."""

    def __init__(self, page: Page) -> None:
        self.frames: list[Frame] = []
        page.on(
            "websocket",
            lambda socket: socket.on("framereceived", self._received),
        )

    def _received(self, payload: bytes | str) -> None:
        if isinstance(payload, str):
            return
        # Jupyter's protocol v1: a count of offsets, the offsets, channel, header, parent, …
        (count,) = struct.unpack_from("<Q", payload)
        offsets = struct.unpack_from(f"<{count}Q", payload, 8)
        parts = [payload[a:b] for a, b in pairwise(offsets)]
        header, content = json.loads(parts[1]), json.loads(parts[4])
        self.frames.append(Frame(len(payload), header["msg_type"], content))

    def pieces(self, comm: str) -> list[tuple[Frame, dict[str, Any]]]:
        """The pieces of a live trace."""
        found = []
        for frame in self.frames:
            data = frame.content.get("data")
            if frame.kind != "comm_msg" or frame.content["comm_id"] != comm:
                continue
            piece = data.get("content", {})
            if piece.get("tokenviz") == "grown" and "positions" in piece:
                found.append((frame, piece))
        return found

    def updates(self, comm: str, trait: str) -> list[Frame]:
        """The messages that set a trait."""
        return [
            frame
            for frame in self.frames
            if frame.kind == "comm_msg"
            and frame.content["comm_id"] == comm
            and trait in frame.content["data"].get("state", {})
        ]


@dataclass
class Session:
    opened: Opened
    wire: Wire
    kernel: BlockingKernelClient

    @property
    def page(self) -> Page:
        return self.opened.page

    def run(self, code: str) -> Locator:
        """Run code in the last cell of the notebook, a new one; gives its figures."""
        page = self.page
        cells = page.locator(".jp-CodeCell")
        last = cells.count() - 1
        page.evaluate(
            "([id, code]) => { const { commands, shell } = window.jupyterapp;"
            " const notebook = shell.currentWidget.content;"
            " notebook.activeCellIndex = notebook.widgets.length - 1;"
            " notebook.activeCell.model.sharedModel.setSource(code);"
            " commands.execute(id); }",
            ["notebook:run-cell-and-select-next", code],
        )
        return cells.nth(last).locator(FIGURES)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Session]:
    with JupyterLab(tmp_path_factory.mktemp("lab")) as lab, OfflinePages(browser) as pages:
        lab.write("live.ipynb", SETUP, "")
        opened = pages.open("about:blank", width=1500, height=1200)
        wire = Wire(opened.page)
        opened.page.goto(lab.url("live.ipynb"))
        command(opened.page, "notebook:run-all-cells")
        expect(opened.page.locator(".jp-InputPrompt").first).to_have_text("[1]:", timeout=RUN_TIME)
        with lab.kernel() as kernel:
            wait_for(kernel, "'slowly' in globals()", "True")
            yield Session(opened, wire, kernel)


def shown(figure: Locator) -> dict[str, Any]:
    """The data that a figure shows, as numbers and labels."""
    data = figure.evaluate(
        "e => { const d = e.tokenvizFigure.state.data; return {"
        " path: [...d.index].map(i => [d.vocabulary.label[i], d.vocabulary.kind[i],"
        " d.vocabulary.id[i]]),"
        " alternatives: [...d.alternative_index].map(i => d.vocabulary.label[i]),"
        " offsets: [...d.offsets], logprobs: [...d.logprobs], ranks: [...d.ranks],"
        " alternative_logprobs: [...d.alternative_logprobs] }; }"
    )
    return dict(data)


PYTHON_SAYS = """(lambda t: __import__("json").dumps({
 "path": [[*shown, token.id] for shown, token in
  zip(__import__("tokenviz.data.tokens").data.tokens.displayed(t.tokens), t.tokens, strict=True)],
 "alternatives": [t.vocabulary[i].label for i in t.alternative_index],
 "offsets": t.offsets.tolist(), "logprobs": t.logprobs.tolist(), "ranks": t.ranks.tolist(),
 "alternative_logprobs": t.alternative_logprobs.tolist()}))(%s)"""


def in_python(kernel: BlockingKernelClient, name: str) -> dict[str, Any]:
    """The same of a trace in the kernel."""
    return dict(json.loads(ast.literal_eval(evaluate(kernel, PYTHON_SAYS % name))))


def length(figure: Locator) -> int:
    return int(figure.evaluate("e => e.tokenvizFigure.state.data.index.length"))


def wait_for_tokens(figure: Locator, more_than: int) -> None:
    figure.page.wait_for_function(
        "([e, n]) => e.tokenvizFigure.state.data.index.length > n",
        arg=[figure.element_handle(), more_than],
        timeout=60_000,
    )


def wait_until_written(figure: Locator) -> None:
    figure.page.wait_for_function(
        "e => e.tokenvizFigure.state._live?.running === false",
        arg=figure.element_handle(),
        timeout=60_000,
    )


def stop_button(figure: Locator) -> Locator:
    return figure.locator('[data-tokenviz-control="stop"]')


def test_nothing_is_lost_and_what_is_sent_is_linear(session: Session) -> None:
    figure = session.run(f"live = lm.generate(prompt, max_new_tokens={LENGTH}, **options)\nlive")
    expect(figure).to_have_count(1)
    expect(stop_button(figure)).to_be_visible()
    expect(figure.locator(".tokenviz-status")).to_contain_text("tokens/s")
    wait_until_written(figure)
    expect(stop_button(figure)).to_be_hidden()
    assert length(figure) == LENGTH
    assert shown(figure) == in_python(session.kernel, "live.source")
    assert evaluate(session.kernel, "live.wait().partial") == "False"

    comm = ast.literal_eval(evaluate(session.kernel, "live.model_id"))
    pieces = session.wire.pieces(comm)
    # Each position once, but for the last three, whose labels may change.
    told = sum(piece["positions"] for _, piece in pieces)
    assert LENGTH <= told <= LENGTH + 3 * len(pieces)
    half = LENGTH // 2
    first = [(frame.size, p["positions"]) for frame, p in pieces if p["start"] < half]
    second = [(frame.size, p["positions"]) for frame, p in pieces if p["start"] >= half]

    def per_token(part: list[tuple[int, int]]) -> float:
        return sum(size for size, _ in part) / sum(count for _, count in part)

    # Were it not linear, a token of the second half would cost three times one of the first.
    assert per_token(second) < 1.5 * per_token(first)
    updates = session.wire.updates(comm, "_data")
    assert len(updates) == 1  # the whole, once, at the end
    assert sum(size for size, _ in first + second) + updates[0].size < 1000 * LENGTH
    seconds = LENGTH / float(evaluate(session.kernel, "live.tokens_per_second"))
    assert len(pieces) <= 20 * seconds + 2
    session.opened.assert_quiet()


def test_stop_button_stops_within_one_token(session: Session) -> None:
    for press in ("mouse", "keyboard"):
        figure = session.run(
            "live = lm.generate(prompt, **slowly)\n"
            "arrived = []\n"
            "live.stop = lambda: (arrived.append(live._writing._steps), type(live).stop(live))\n"
            "live"
        )
        expect(figure).to_have_count(1)
        wait_for_tokens(figure, 10)
        if press == "mouse":
            stop_button(figure).click()
        else:
            figure.locator(".tokenviz-viewport").focus()
            session.page.keyboard.press("Shift+Tab")
            session.page.keyboard.press("Home")
            expect(stop_button(figure)).to_be_focused()
            session.page.keyboard.press("Enter")
        wait_until_written(figure)
        arrived, *_ = ast.literal_eval(evaluate(session.kernel, "arrived"))
        written = int(evaluate(session.kernel, "len(live.wait())"))
        assert arrived <= written <= arrived + 1
        assert length(figure) == written
        expect(figure.locator(".tokenviz-caption")).to_contain_text("interrupted before its end")
        expect(figure.locator(".tokenviz-caption")).to_contain_text("tokens/s")
        expect(figure.locator(".tokenviz-live")).to_have_text(f"Stopped after {written} tokens")
    session.opened.assert_quiet()


def test_a_press_counts_although_the_button_moves_away(session: Session) -> None:
    """The figure grows, and JupyterLab scrolls: seen to pull the button from under the pointer."""
    figure = session.run("live = lm.generate(prompt, **slowly)\nlive")
    expect(figure).to_have_count(1)
    wait_for_tokens(figure, 10)
    button, mouse = stop_button(figure), session.page.mouse
    for away, counts in ((40, False), (0, True)):
        button.scroll_into_view_if_needed()
        button.hover()
        mouse.down()
        x, y = button.evaluate(
            "e => { const box = e.getBoundingClientRect();"
            " e.style.transform = 'translate(-90px, -60px)';"
            " return [box.x + box.width / 2, box.y + box.height / 2]; }"
        )
        mouse.move(x + away, y)
        mouse.up()
        button.evaluate("e => { e.style.transform = ''; }")
        assert button.is_disabled() is counts
    wait_until_written(figure)
    assert int(evaluate(session.kernel, "len(live.wait())")) == length(figure) < 4000


@pytest.mark.skipif(
    Version(version("ipykernel")) < Version("7"),
    reason="ipykernel 6 has no subshells: what a browser says waits until the cell has run",
)
def test_stop_works_while_a_cell_waits(session: Session) -> None:
    figure = session.run("live = lm.generate(prompt, **slowly)\ndisplay(live)\ntrace = live.wait()")
    expect(figure).to_have_count(1)
    wait_for_tokens(figure, 10)
    stop_button(figure).click()
    wait_until_written(figure)
    assert int(evaluate(session.kernel, "len(trace)")) == length(figure) < 4000


def test_a_stop_that_was_lost_is_asked_for_again(session: Session) -> None:
    figure = session.run(
        "live = lm.generate(prompt, **slowly)\n"
        "arrived = []\n"
        "live.stop = lambda: arrived.append(1) or len(arrived) > 1 and type(live).stop(live)\n"
        "live"
    )
    expect(figure).to_have_count(1)
    wait_for_tokens(figure, 10)
    stop_button(figure).click()
    wait_until_written(figure)
    assert len(ast.literal_eval(evaluate(session.kernel, "arrived"))) > 1
    assert int(evaluate(session.kernel, "len(live.wait())")) == length(figure) < 4000


def test_async_cell_goes_on_with_the_trace(session: Session) -> None:
    figure = session.run(
        "live = lm.generate(prompt, max_new_tokens=30, **options)\n"
        "display(live)\n"
        "trace = await live\n"
        "is_it = trace is live.source"
    )
    expect(figure).to_have_count(1)
    wait_until_written(figure)
    wait_for(session.kernel, "is_it", "True")
    assert length(figure) == 30


def test_interrupting_the_kernel_stops_it(session: Session) -> None:
    """The cell has returned, so that nothing runs that could be interrupted."""
    figure = session.run("live = lm.generate(prompt, **slowly)\nlive")
    expect(figure).to_have_count(1)
    wait_for_tokens(figure, 10)
    command(session.page, "notebook:interrupt-kernel")
    wait_until_written(figure)
    assert evaluate(session.kernel, "live.wait().partial") == "True"
    assert (
        evaluate(session.kernel, "[t.name for t in threading.enumerate() if 'tokenviz' in t.name]")
        == "[]"
    )


def test_running_the_cell_again_stops_what_it_began(session: Session) -> None:
    page = session.page
    figure = session.run(
        "before = globals().get('again')\nagain = lm.generate(prompt, **slowly)\nagain"
    )
    expect(figure).to_have_count(1)
    wait_for_tokens(figure, 5)
    page.evaluate(
        "() => { const { commands, shell } = window.jupyterapp;"
        " const notebook = shell.currentWidget.content; notebook.activeCellIndex -= 1;"
        " commands.execute('notebook:run-cell-and-select-next'); }"
    )
    wait_for(session.kernel, "before is not None and not before.running", "True")
    wait_for(session.kernel, "again.running", "True")
    execute(session.kernel, "again.stop(); again.wait()")


def test_reload_in_the_middle_and_two_views_in_step(session: Session) -> None:
    page = session.page
    # Slower still: the text must not be at its end once JupyterLab has loaded again.
    first = session.run(
        "calmly = dict(slowly, on_token=lambda step: time.sleep(0.1))\n"
        "live = lm.generate(prompt, **calmly)\nlive"
    )
    expect(first).to_have_count(1)
    wait_for_tokens(first, 30)
    second = session.run("live")  # opened in the middle
    expect(second).to_have_count(1)
    assert length(second) >= 30
    wait_for_tokens(second, length(first))
    command(page, "docmanager:save")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    before = length(first)
    page.reload()
    views = page.locator(FIGURES)
    expect(views).to_have_count(page.locator(".jp-OutputArea .tokenviz").count(), timeout=60_000)
    last = page.locator(FIGURES).last
    expect(last).to_be_visible(timeout=60_000)
    wait_for_tokens(last, before)
    now = length(last)
    wait_for_tokens(last, now + 20)
    stop_button(last).click()
    wait_until_written(last)
    other = page.locator(FIGURES).nth(page.locator(FIGURES).count() - 2)
    wait_until_written(other)
    assert shown(last) == shown(other) == in_python(session.kernel, "live.wait()")
    session.opened.assert_quiet()


def test_a_dead_kernel_is_noticed(session: Session) -> None:
    figure = session.run("live = lm.generate(prompt, **slowly)\nlive")
    expect(figure).to_have_count(1)
    wait_for_tokens(figure, 10)
    pid = int(evaluate(session.kernel, "__import__('os').getpid()"))
    os.kill(pid, signal.SIGKILL)
    note = figure.locator(".tokenviz-note-line")
    expect(note).to_contain_text("Python has not been heard of for a while.", timeout=30_000)
    expect(note).to_contain_text(f"{length(figure)} tokens came before.")
    expect(stop_button(figure)).to_be_hidden()

"""A channel in JupyterLab: Python and two views of one widget agree, whoever changes it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.test_channels import margins, surprisals
from tests.browser.test_saved_pages import assert_colors
from tests.chromium import OfflinePages
from tests.figure import Figure
from tests.jupyterlab import FIGURES, JupyterLab, command, execute, wait_for

SHOWN = "(widget.channel, widget.colormap, widget.vmin, widget.vmax, widget.label)"


def test_python_and_two_views_agree_on_the_channel(tmp_path: Path, browser: Browser) -> None:
    cells = ["import tokenviz as tv; widget = tv.examples.trace().show(); widget", "widget"]
    with JupyterLab(tmp_path) as lab, OfflinePages(browser) as pages:
        lab.write("channels.ipynb", *cells)
        opened = pages.open(lab.url("channels.ipynb"), width=1500, height=1800)
        command(opened.page, "notebook:run-all-cells")
        figures = opened.page.locator(FIGURES)
        expect(figures).to_have_count(2, timeout=60_000)
        first, second = Figure(figures.nth(0)), Figure(figures.nth(1))
        with lab.kernel() as client:
            first.open_controls()
            first.control("channel").select_option("surprisal")
            wait_for(client, SHOWN, "('surprisal', 'Oranges', 0.0, 10.0, 'Surprisal (bits)')")
            expect(second.locator.locator(".tokenviz-colorbar-label")).to_have_text(
                "Surprisal (bits)"
            )
            for figure in (first, second):
                assert_colors(figure, surprisals(), "Oranges", 0, 10)

            # What the browser sets with the channel is not set again by Python.
            first.control("channel").select_option("logprob")
            first.type("vmax-number", -0.5)
            label = "Log-probability (nats)"
            wait_for(client, SHOWN, repr(("logprob", "Greens", -6.0, -0.5, label)))

            execute(client, "widget.channel = 'margin'")
            for figure in (first, second):
                expect(figure.locator.locator(".tokenviz-colorbar-label")).to_have_text(
                    "Margin to the runner-up"
                )
                assert_colors(figure, margins(), "RdBu", -1, 1, 0)
            expect(first.control("channel")).to_have_value("margin")

            execute(client, "widget.source = widget.source.with_channel('mine', range(97))")
            first.control("channel").select_option("mine")
            wait_for(client, SHOWN, "('mine', 'viridis', None, None, 'mine')")
            execute(client, "widget.source = tv.examples.trace()")
            expect(first.control("channel")).to_have_value("probability")
            wait_for(client, SHOWN, "('probability', 'Greens', 0.0, 1.0, 'Probability')")
        opened.assert_quiet()

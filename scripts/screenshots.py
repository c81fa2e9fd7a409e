"""Take the pictures in docs/, as Chromium draws them: the reference figures, and the gallery.

`python scripts/screenshots.py` writes them into docs/ and docs/gallery/; with names it takes only
those. A test takes them again elsewhere and compares. What is in a picture is a page, what is done
on it, and how it is looked at.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import tokenviz as tv
from tokenviz.export.html import fragment, page
from tokenviz.widget.figure import Figure

DOCS = Path(__file__).parents[1] / "docs"
GALLERY = "gallery"

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

ODD_TOKENS: tuple[tv.Token | str | bytes, ...] = (
    *("שלום", " مرحبا", "\u0301", "Z" + "\u0301\u0316" * 12, "👩\u200d👧\u200d👦", "👩🏽\u200d🚀"),
    *("x" * 300, "\u200d", "\u200b", "\ufeff", "\xad", "\x00", "\u202e", "\ufe0f", "\t\t"),
    *("\u2028", "\ufdfd", " "),
    *(b"\xf0\x9f", tv.Token("</think>", special=True)),
)


def nothing(_: Page) -> None:
    """What is done on most pages."""


@dataclass(frozen=True)
class Picture:
    """One picture, light and dark unless it says otherwise."""

    name: str
    figures: Callable[[], Iterable[Figure]]
    width: int
    act: Callable[[Page], None] = nothing
    themes: tuple[Theme, ...] = THEMES
    media: tuple[tuple[str, Any], ...] = ()
    deficiency: Literal["deuteranopia"] | None = None
    folder: str = GALLERY


def press(control: str) -> Callable[[Page], None]:
    """Press a control of the first figure."""
    return lambda page: page.locator(f'[data-tokenviz-control="{control}"]').first.click()


def keys(*names: str) -> Callable[[Page], None]:
    """Press keys on the first figure."""

    def act(page: Page) -> None:
        page.locator(".tokenviz-viewport").first.focus()
        for name in names:
            page.keyboard.press(name)

    return act


def in_turn(*acts: Callable[[Page], None]) -> Callable[[Page], None]:
    """One after the other."""

    def act(page: Page) -> None:
        for each in acts:
            each(page)

    return act


def two_maps() -> list[Figure]:
    """The reference heatmap in its red and green, and in a map that is safe."""
    source = tv.examples.attribution()
    return [
        source.show(title=f"{colormap} ({kind})", colormap=colormap)
        for colormap, kind in (("RdYlGn", "red–green"), ("PuOr", "colour-blind safe"))
    ]


def odd_tokens() -> list[Figure]:
    """Tokens that are hard to draw."""
    probabilities = np.linspace(0.2, 0.9, len(ODD_TOKENS))
    trace = tv.Trace(ODD_TOKENS, np.log(probabilities).astype(np.float32))
    return [trace.show(row_length=10)]


def rollout() -> list[Figure]:
    """A rollout: a question before the reference answer, and advantages that are invented."""
    answer = tv.examples.trace()
    question = ["What", " is", " 43", " x", " 34", "?"]
    n, given = len(question) + len(answer), len(question)
    answered = np.arange(n) >= given
    advantages = np.random.default_rng(2).normal(0.2, 1, n)
    trace = tv.Trace(
        [*question, *answer.tokens],
        [*[np.nan] * given, *answer.logprobs],
        channels={"advantage": np.where(answered, advantages, np.nan)},
        flags={"loss_mask": answered & (np.arange(n) % 50 < 44)},
        categories={"role": [*["user"] * given, *["assistant"] * len(answer)]},
    )
    return [trace.show(channel="advantage", threshold=1.5, span=(24, 30), row_length=20)]


def large_matrix() -> list[Figure]:
    """600 × 600 values with a diagonal, a stripe against it, one outlier and a part unknown."""
    n = 600
    row, column = np.indices((n, n))
    values = 0.8 * np.exp(-(((row - column) / 25) ** 2))
    values -= 0.6 * np.exp(-(((row + column - 900) / 12) ** 2))
    values[250, 420] = 2.5
    values[40:90, 450:540] = np.nan
    names = [f"token {i}" for i in range(n)]
    return [tv.Attribution(values.astype(np.float32), names, names).show(height=460)]


def type_into(control: str, text: str) -> Callable[[Page], None]:
    """Write into a field of the first figure."""
    return lambda page: page.locator(f'[data-tokenviz-control="{control}"]').first.fill(text)


@cache
def wrong_product() -> tv.TraceTree:
    """A product that the bundled model gets wrong, and what it was asked about its wrong digit."""
    explorer = tv.load_model().explore("What is 93 x 43?", max_new_tokens=160)
    explorer.wait()
    explorer.rename(0, "carried")
    explorer.why(91, 1, instead_of=0)
    for position, choice, name in ((86, "8", "8 hundreds"), (91, 1, "not carried")):
        explorer.current = 0
        explorer.branch(position, choice, name=name)
        explorer.wait()
    tree = explorer.tree
    answers = [  # how long it took is another each time
        replace(answer, attribution=replace(answer.attribution, seconds=None))
        for answer in tree.answers
    ]
    return tv.TraceTree(tree.prompt, tree.branches, answers)


def explorer(beside: int | None = None, **looks: Any) -> Callable[[], list[Figure]]:
    """Why it should be 3, and the model wrote 4."""

    def figures() -> list[Figure]:
        shown = wrong_product().show(**looks)
        shown.why(91, 1, instead_of=0)
        shown.beside(beside)
        return [shown]

    return figures


PICTURES = (
    Picture("attribution", lambda: [tv.examples.attribution().show()], 680, folder=""),
    Picture("trace", lambda: [tv.examples.trace().show()], 1360, folder=""),
    Picture("explorer", explorer(arrangement="flow"), 1200, folder=""),
    Picture("explorer-beside", explorer(beside=2, arrangement="flow"), 1200),
    Picture("explorer-grid", explorer(height=420), 800),
    Picture("explorer-narrow", explorer(arrangement="flow"), 360),
    Picture(
        "panel",
        lambda: [tv.examples.attribution().show()],
        760,
        in_turn(press("toggle"), press("colormap")),
    ),
    Picture(
        "cell", lambda: [tv.examples.attribution().show()], 680, keys(*["ArrowDown"] * 8, "Enter")
    ),
    Picture("keys", lambda: [tv.examples.trace().show()], 1360, keys("ArrowRight", "?")),
    Picture("large", large_matrix, 760),
    Picture("zoomed", large_matrix, 760, in_turn(*[press("zoom-in")] * 12)),
    Picture(
        "arranged",
        lambda: [tv.examples.attribution().show(row_order="magnitude", top_rows=6)],
        760,
        press("toggle"),
    ),
    Picture(
        "running-text",
        lambda: [tv.examples.trace().show(layout="flow", channel="surprisal")],
        760,
        keys(*["ArrowRight"] * 14, "Enter"),
    ),
    Picture(
        "find",
        lambda: [tv.examples.trace().show(height=420)],
        1360,
        in_turn(press("search"), type_into("search-text", "multipl")),
    ),
    Picture("margin", lambda: [tv.examples.trace().show(channel="margin", height=420)], 1360),
    Picture("rollout", rollout, 1100, press("toggle")),
    Picture("colormaps", two_maps, 1220, themes=("light",)),
    Picture("deuteranopia", two_maps, 1220, themes=("light",), deficiency="deuteranopia"),
    Picture("odd-tokens", odd_tokens, 900),
    Picture(
        "forced-colours",
        lambda: [tv.examples.attribution().show()],
        680,
        keys(*["ArrowDown"] * 8),
        themes=("dark",),
        media=(("forced_colors", "active"),),
    ),
    Picture("narrow", lambda: [tv.examples.attribution().show()], 320, press("toggle")),
)


def take(browser: Browser, folder: Path, pictures: Iterable[Picture] = PICTURES) -> list[Path]:
    """Write pictures into ``folder``, those of the gallery into a folder within."""
    taken = []
    with TemporaryDirectory() as pages:
        for picture in pictures:
            file = write_page(picture, Path(pages))
            for theme in picture.themes:
                name = picture.name if len(picture.themes) == 1 else f"{picture.name}-{theme}"
                suffix = "webp" if picture.folder == GALLERY else "png"
                taken.append(folder / picture.folder / f"{name}.{suffix}")
                taken[-1].parent.mkdir(exist_ok=True)
                photograph(browser, picture, file, theme, taken[-1])
    return taken


def write_page(picture: Picture, folder: Path) -> Path:
    """A page with the figures of a picture beside each other."""
    shown = list(picture.figures())
    figures = [fragment(figure, with_script=False) for figure in shown]
    if len(figures) > 1:
        cells = "".join(f'<div style="flex:1;min-width:0">{figure}</div>' for figure in figures)
        figures = [f'<div style="display:flex;gap:24px">{cells}</div>']
    file = folder / f"{picture.name}.html"
    kinds = [figure._kind for figure in shown]
    file.write_text(page(figures, picture.name, kinds=kinds), encoding="utf-8")
    return file


def photograph(browser: Browser, picture: Picture, file: Path, theme: Theme, to: Path) -> None:
    """Open a page, do what is done on it, and take the picture."""
    page = browser.new_page(
        viewport={"width": picture.width, "height": 900},
        color_scheme=theme,
        device_scale_factor=2,
    )
    if picture.media:
        page.emulate_media(color_scheme=theme, **dict(picture.media))
    if picture.deficiency is not None:
        page.context.new_cdp_session(page).send(
            "Emulation.setEmulatedVisionDeficiency", {"type": picture.deficiency}
        )
    page.goto(file.as_uri())
    page.locator(".tokenviz").first.wait_for()
    for instrument in page.locator(".tokenviz-explorer").all():
        instrument.and_(page.locator('[data-tokenviz-explorer-ready="true"]')).wait_for()
    figures = page.locator(".tokenviz[data-tokenviz-kind]")
    for figure in figures.all():
        figure.and_(page.locator('[data-tokenviz-ready="true"]')).wait_for()
    picture.act(page)
    for figure in figures.all():
        figure.evaluate("e => e.tokenvizFigure.painted()")
    # Menus and lists are placed in the next frame, and may reach below the page.
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    height = page.evaluate(
        "() => Math.max(document.body.getBoundingClientRect().height, ..."
        "[...document.querySelectorAll(':popover-open')]"
        ".map(e => e.getBoundingClientRect().bottom + 12))"
    )
    clip = {"x": 0, "y": 0, "width": picture.width, "height": height}
    taken = page.screenshot(clip=clip, full_page=True)  # type: ignore[arg-type]
    page.close()
    with Image.open(io.BytesIO(taken)) as image:
        if to.suffix == ".png":
            image.convert("RGB").save(to, optimize=True)
        else:  # without loss, and half as large
            image.convert("RGB").save(to, lossless=True, method=6)


def main(names: list[str]) -> None:
    """Take the pictures with the Chromium of the tests."""
    sys.path.insert(0, str(DOCS.parent))
    from tests.chromium import ARGUMENTS, EXECUTABLE

    wanted = [picture for picture in PICTURES if not names or picture.name in names]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        for path in take(browser, DOCS, wanted):
            print(path.relative_to(DOCS.parent))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])

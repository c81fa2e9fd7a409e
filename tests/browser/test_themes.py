"""A figure takes the looks of what is around it: the page, the editor, the reader's own colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import Page, expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.chromium import OfflinePages
from tests.figure import Figure, expected_color, reference
from tokenviz.export.html import fragment, twin
from tokenviz.export.nbconvert import TokenvizHTMLExporter

VSCODE = {
    "vscode-light": ("light", "#ffffff", "#333333", "#0090f1"),
    "vscode-dark": ("dark", "#1f1f1f", "#cccccc", "#0078d4"),
    "vscode-high-contrast": ("dark", "#000000", "#ffffff", "#f38518"),
    "vscode-high-contrast vscode-high-contrast-light": ("light", "#ffffff", "#292929", "#006bbd"),
}


def host(tmp_path: Path, attributes: str, style: str = "") -> Path:
    """A page around one figure, as a host writes it."""
    body = fragment(tv.examples.attribution().show(title="In a host"))
    path = tmp_path / "host.html"
    path.write_text(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>host</title>'
        f"<style>{style}</style></head><body {attributes}>{body}</body></html>",
        encoding="utf-8",
    )
    return path


def inks(page: Page) -> dict[str, str]:
    """The colours that the figure's text and lines have."""
    return page.locator(".tokenviz").evaluate(
        "e => Object.fromEntries(['foreground', 'muted', 'hairline', 'accent'].map(name =>"
        " [name, getComputedStyle(e).getPropertyValue('--tokenviz-' + name).trim()]))"
    )  # type: ignore[no-any-return]


def data_is_untouched(figure: Figure) -> None:
    values = reference("attribution")["values"]
    cells = [(7, 0), (0, 2), (7, 4)]
    wanted = {(i, j): expected_color(values[i][j], "RdYlGn", -1, 1, 0) for i, j in cells}
    assert figure.colors(cells) == wanted


@pytest.mark.parametrize("classes", VSCODE)
def test_vscode(classes: str, offline: OfflinePages, tmp_path: Path) -> None:
    theme, ground, ink, focus = VSCODE[classes]
    # The editor is behind the transparent page of an output; here the root stands for it.
    style = (
        f"html{{background:{ground}}}body{{--vscode-foreground:{ink};--vscode-focusBorder:{focus};"
        f"--vscode-editor-background:{ground}}}"
    )
    page = offline.open(host(tmp_path, f'class="{classes}"', style)).page
    figure = Figure(page.locator(".tokenviz"))
    expect(figure.locator).to_have_attribute("data-tokenviz-theme", theme)
    high = "high-contrast" in classes
    assert figure.locator.evaluate("e => 'tokenvizContrast' in e.dataset") == high
    assert inks(page)["accent"] == focus
    figure.open_controls()
    assert_accessible(page)
    data_is_untouched(figure)


def test_vscode_behind_a_white_output(offline: OfflinePages, tmp_path: Path) -> None:
    """It puts widgets on white also in its dark themes: what is behind a figure wins."""
    style = "body{background:#ffffff}"
    page = offline.open(host(tmp_path, 'class="vscode-dark"', style)).page
    expect(page.locator(".tokenviz")).to_have_attribute("data-tokenviz-theme", "light")
    assert_accessible(page)


@pytest.mark.parametrize(
    ("name", "light", "ground"),
    [
        ("JupyterLab Light", "true", "#ffffff"),
        ("JupyterLab Dark", "false", "#111111"),
        ("JupyterLab Dark High Contrast", "false", "#000000"),
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_jupyter_whatever_the_system_prefers(
    name: str, light: str, ground: str, scheme: Any, offline: OfflinePages, tmp_path: Path
) -> None:
    attributes = f'data-jp-theme-light="{light}" data-jp-theme-name="{name}"'
    path = host(tmp_path, attributes, f"body{{background:{ground}}}")
    page = offline.open(path, color_scheme=scheme).page
    figure = Figure(page.locator(".tokenviz"))
    theme = "light" if light == "true" else "dark"
    expect(figure.locator).to_have_attribute("data-tokenviz-theme", theme)
    contrast = figure.locator.evaluate("e => 'tokenvizContrast' in e.dataset")
    assert contrast == ("High Contrast" in name)
    assert_accessible(page)
    # The host changes its theme while the figure stands.
    page.evaluate(
        "() => { document.body.style.background = '#ffffff';"
        " document.body.dataset.jpThemeName = 'JupyterLab Light';"
        " document.body.dataset.jpThemeLight = 'true'; }"
    )
    expect(figure.locator).to_have_attribute("data-tokenviz-theme", "light")
    assert not figure.locator.evaluate("e => 'tokenvizContrast' in e.dataset")


@pytest.mark.parametrize(
    ("style", "theme"),
    [
        ("", "light"),  # a page that says nothing is white on any system
        (":root{color-scheme:light dark}", "dark"),
        (":root{color-scheme:light dark}body{background:#fafafa;color:#222}", "light"),
        ("body{background:#202020;color:#eee}", "dark"),
    ],
)
def test_a_plain_page_on_a_dark_system(
    style: str, theme: str, offline: OfflinePages, tmp_path: Path
) -> None:
    page = offline.open(host(tmp_path, "", style), color_scheme="dark").page
    expect(page.locator(".tokenviz")).to_have_attribute("data-tokenviz-theme", theme)


def test_an_exported_page_follows_the_system_as_it_changes(
    offline: OfflinePages, tmp_path: Path
) -> None:
    page = offline.open(tv.examples.trace().save(tmp_path / "t.html")).page
    figure = page.locator(".tokenviz")
    expect(figure).to_have_attribute("data-tokenviz-theme", "light")
    page.emulate_media(color_scheme="dark")
    expect(figure).to_have_attribute("data-tokenviz-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != (
        "rgb(255, 255, 255)"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_more_contrast_is_given_where_it_is_asked_for(
    scheme: Any, offline: OfflinePages, tmp_path: Path
) -> None:
    page = offline.open(
        tv.examples.attribution().save(tmp_path / "a.html"), color_scheme=scheme
    ).page
    usual = inks(page)
    page.emulate_media(color_scheme=scheme, contrast="more")
    expect(page.locator(".tokenviz")).to_have_attribute("data-tokenviz-contrast", "")
    assert inks(page)["foreground"] == ("#000000" if scheme == "light" else "#ffffff")
    assert all(inks(page)[name] != usual[name] for name in usual)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_change_all_but_the_data(
    scheme: Any, offline: OfflinePages, tmp_path: Path
) -> None:
    # A theme that was asked for gives way, too.
    widget = tv.examples.attribution().show(theme="light")
    page = offline.open(widget.save(tmp_path / "a.html"), color_scheme=scheme).page
    page.emulate_media(color_scheme=scheme, forced_colors="active")
    figure = Figure(page.locator(".tokenviz"))
    ground = page.evaluate(
        "() => { const e = document.body.appendChild(document.createElement('i'));"
        " e.style.color = 'Canvas'; const c = getComputedStyle(e).color; e.remove(); return c; }"
    )
    theme = "dark" if ground == "rgb(0, 0, 0)" else "light"
    expect(figure.locator).to_have_attribute("data-tokenviz-theme", theme)
    data_is_untouched(figure)
    figure.open_controls()
    figure.control("colormap").click()
    swatch = page.locator('[data-tokenviz-colormap="viridis"] .tokenviz-preview')
    assert "gradient" in swatch.evaluate("e => getComputedStyle(e).background")
    # Focus is an outline, which forced colours keep; a shadow they would not.
    figure.viewport.focus()
    page.keyboard.press("ArrowDown")
    assert figure.viewport.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_converted_notebook_has_one_theme_whatever_the_system_prefers(
    theme: str, scheme: Any, offline: OfflinePages, tmp_path: Path
) -> None:
    """nbconvert writes a theme into its pages: following the system, a figure would stand out."""
    output = new_output("display_data", twin(tv.examples.attribution().show()))
    notebook = new_notebook(cells=[new_code_cell("figure", outputs=[output], execution_count=1)])
    exporter = TokenvizHTMLExporter(theme=theme)  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(notebook)
    (tmp_path / "notebook.html").write_text(html, encoding="utf-8")
    page = offline.open(tmp_path / "notebook.html", color_scheme=scheme).page
    figure = Figure(page.locator(".tokenviz"))
    expect(figure.locator).to_have_attribute("data-tokenviz-theme", theme)
    behind = page.evaluate("getComputedStyle(document.body).backgroundColor")
    channel = int(behind.removeprefix("rgb(").split(",")[0])
    assert (channel < 128) == (theme == "dark")
    data_is_untouched(figure)

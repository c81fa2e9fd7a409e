"""A figure as HTML that needs no network: the renderer, the widget's state, and a table.

The page runs the same renderer as JupyterLab on the same state. A figure is an element
``.tokenviz-figure`` that holds its state and the static table; the renderer finds such
elements and puts the live figure in the table's place. Nothing is looked up by id, so the same
figure may stand on a page twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from tokenviz.data.replacing import replacing
from tokenviz.export.embed import state_scripts
from tokenviz.export.state import Buffer, FigureState, as_base64
from tokenviz.export.table import MAX_CELLS, STYLE, static_table
from tokenviz.widget.bundle import static
from tokenviz.widget.figure import Figure

__all__ = ["fragment", "page", "renderer", "save", "still", "twin", "twin_output"]

# The browser is told to refuse every request, so that not even a hostile token could cause one.
# A worker that sums up a large matrix is made of the script itself.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "worker-src blob:"
)

STATE_TYPE = "application/vnd.tokenviz.figure+json"
"""Under which name the metadata of a cell's output hold a figure's state."""

TWIN = '<div class="tokenviz-static" data-tokenviz-twin>'
"""How the table beside a live widget begins."""

_TWIN_CELLS = 1_500
"""Fewer than on a page: it is in every saved notebook, and is parsed while the widget is drawn."""

# Else the host lays it out, which takes longer than to draw the widget that hides it. Where widgets
# cannot run, styles are mostly dropped, or the table comes a moment later.
_LATER = (
    "<style>@media screen{[data-tokenviz-twin]{animation:tokenviz-twin 1.5s step-end}}"
    "@keyframes tokenviz-twin{from{content-visibility:hidden}}</style>"
)

INSTRUMENTS = ("explorer", "comparison", "set")
"""Kinds of figures that have a script and a style of their own, beside the renderer's."""

MAX_SAVED_STATE = 2_000_000
"""Base64 characters of data that an output may add to a notebook; beyond it, only the table."""

# The colours are those of the scheme anyway; written out, tools that judge contrast know them, too.
_PAGE_STYLE = (
    "html{background:Canvas;color:CanvasText}"
    "body{margin:0;padding:24px;font-family:system-ui,sans-serif}"
    "body>.tokenviz-figure+.tokenviz-figure{margin-top:32px}"
    "@media(max-width:480px){body{padding:8px}}"
    # Paper is light, whatever the screen is.
    "@page{margin:12mm}@media print{html{color-scheme:light!important}body{padding:0}}"
    ".tokenviz-pending .tokenviz-static{display:none}"
)
# Where scripts run, a table of thousands of cells is not laid out only to be replaced at once; when
# the page has loaded, the tables of figures that could not be drawn are shown.
_PENDING = (
    '<script>{const c=document.documentElement.classList;c.add("tokenviz-pending");'
    'addEventListener("load",()=>c.remove("tokenviz-pending"))}</script>'
)


def fragment(widget: Figure, *, with_script: bool = True) -> str:
    """Write a widget, with its current look, as an HTML fragment.

    Parameters
    ----------
    widget
        The figure.
    with_script
        Whether to put the renderer beside it. Without it the fragment shows the static table,
        until a page that has the renderer (see :func:`page`) mounts it.

    Returns
    -------
    str
        HTML for the body of a page, or for a cell's ``text/html`` output.
    """
    state = FigureState.from_widget(widget)
    figure = figure_html(state)
    return f"{figure}\n{renderer(state.kind)}" if with_script else figure


def page(
    fragments: Iterable[str], title: str, *, theme: str = "auto", kinds: Iterable[str] = ()
) -> str:
    """Write a whole page of fragments (made ``with_script=False``), with the renderer once.

    Parameters
    ----------
    fragments
        Body of the page, one after the other.
    title
        Title of the page.
    theme
        ``"light"``, ``"dark"``, or ``"auto"`` for what the reader's system prefers.
    kinds
        Of which kinds there are figures, beside heatmaps and traces: those of
        :data:`INSTRUMENTS`.
    """
    return "".join(_page(fragments, title, theme, kinds))


def _page(
    figures: Iterable[str | Iterator[str]], title: str, theme: str, kinds: Iterable[str]
) -> Iterator[str]:
    """The page piece by piece: a large figure is not copied to be put together."""
    scheme = "light dark" if theme == "auto" else theme
    yield (
        "<!DOCTYPE html>\n"
        f'<html lang="en" style="color-scheme:{scheme}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{_PAGE_STYLE}</style>{_PENDING}\n</head>\n"
        "<body>\n"
    )
    for figure in figures:
        if figure == "":
            continue
        yield from [figure] if isinstance(figure, str) else figure
        yield "\n"
    yield f"{renderer(*kinds)}\n</body>\n</html>\n"


def save(
    widget: Figure, path: str | Path, *, title: str | None = None, before: str = "", after: str = ""
) -> Path:
    """Write a widget, with its current look, to one HTML file that opens without a network.

    Parameters
    ----------
    widget
        The figure.
    path
        Where to.
    title
        Of the page; its own, or the file's name, if not given.
    before, after
        HTML that stands around the figure.

    Returns
    -------
    Path
        Where it was written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"path: expected a name ending in .html, got {path.name!r}")
    title = title or str(widget.title) or path.stem
    state = FigureState.from_widget(widget)
    pieces: list[str | Iterator[str]] = [before, _figure(state), after]
    with (
        replacing(path) as place,
        place.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        file.writelines(_page(pieces, title, widget.theme, [state.kind]))
    return path


def twin(*widgets: Figure) -> dict[str, Any]:
    """The output that stands beside live widgets in a cell, for where no widget can run.

    Tables as ``text/html``, hidden where the widget beside them is drawn; and, unless they are
    large, the states under :data:`STATE_TYPE`, from which the notebook exporter makes the figures
    live when the notebook was saved without widget state.
    """
    figures = [FigureState.from_widget(widget) for widget in widgets]
    html = f"{TWIN}{_LATER}{_tables(figures, _TWIN_CELLS)}</div>"
    bundle: dict[str, Any] = {"text/html": html, "text/plain": ""}
    buffers = (buffer for figure in figures for buffer in figure.buffers.values())
    if sum(map(_base64_size, buffers)) <= MAX_SAVED_STATE:
        states = [figure.as_json for figure in figures]
        bundle[STATE_TYPE] = states[0] if len(states) == 1 else {"figures": states}
    return bundle


def twin_output(*widgets: Figure) -> tuple[dict[str, Any], dict[str, Any]]:
    """A cell's output and its metadata, made of :func:`twin`.

    The states are metadata there: of data each type is to be shown, and Sphinx complains of one
    that it does not know.
    """
    data = twin(*widgets)
    state = data.pop(STATE_TYPE, None)
    return data, {} if state is None else {STATE_TYPE: state}


def still(widget: Figure) -> tuple[dict[str, Any], dict[str, Any]]:
    """A cell's output that is a picture, and its metadata; a table where there are too many cells.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    from tokenviz.export.picture import drawable, png

    if widget._kind == "set" or not drawable(widget.drawn, widget):
        return {"text/html": _tables([FigureState.from_widget(widget)])}, {}
    data, width, height = png(widget.drawn, widget.color_scale(), widget)
    return (
        {"image/png": as_base64(data)},
        {"image/png": {"width": width, "height": height, "alt": widget.title or repr(widget)}},
    )


def figure_html(figure: FigureState) -> str:
    """The element of one figure: its state, and the table until the renderer runs."""
    return "".join(_figure(figure))


def _figure(figure: FigureState) -> Iterator[str]:
    yield '<div class="tokenviz-figure">'
    yield from state_scripts(figure)
    yield f'<div class="tokenviz-static">{_tables([figure])}</div></div>'


@cache
def renderer(*kinds: str) -> str:
    """The style sheets and the scripts that make the figures of a page live.

    Parameters
    ----------
    kinds
        Of which kinds there are figures: an instrument's own script and style are there only where
        it is shown, and before the renderer's, which mounts all figures.
    """
    own = [kind for kind in INSTRUMENTS if kind in kinds]
    styles = [static(f"{name}.css") for name in ("tokenviz", *own)]
    scripts = [static(f"{name}page.js") for name in own] + [static("page.js")]
    return "".join(
        [
            *(f'<style class="tokenviz-renderer">{_in_style(style)}</style>' for style in styles),
            *(f'<script class="tokenviz-renderer">{_in_script(code)}</script>' for code in scripts),
        ]
    )


def _in_style(style: str) -> str:
    return style.replace("</style", "<\\/style")


def _in_script(script: str) -> str:
    """In a script element only these two sequences mean anything to the HTML parser."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _base64_size(buffer: Buffer) -> int:
    return (len(buffer) + 2) // 3 * 4


def _tables(figures: Iterable[FigureState], cells: int = MAX_CELLS) -> str:
    return f"{STYLE}{''.join(_table(figure, cells) for figure in figures)}"


def _table(figure: FigureState, cells: int) -> str:
    options = replace(figure.table_options, cells=cells)
    if figure.kind == "comparison":
        from tokenviz.export.placestable import places_table

        shown: Any = figure.colored
        traits = figure.traits
        table = static_table(shown, figure.scale, options)
        return table + places_table(shown, figure.compared, traits["places_by"], traits["places"])
    if figure.kind == "set":
        from tokenviz.browse.table import set_table

        return set_table(figure.traits["_data"])
    if figure.kind != "explorer":
        return static_table(figure.colored, figure.scale, options)
    from tokenviz.export.treetable import tree_tables

    tree: Any = figure.source
    return tree_tables(tree, figure.traits["_view"], figure.scale, options)

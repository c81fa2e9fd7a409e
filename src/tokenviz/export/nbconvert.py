"""An nbconvert exporter whose page shows a notebook's tokenviz figures live, without a network.

``jupyter nbconvert --to tokenviz_html notebook.ipynb``, with or without ``--execute``, and
JupyterLab's "Save and Export Notebook As" menu. nbconvert's own HTML stores widget state in the
page but fetches the code that draws it; this exporter replaces each figure by a fragment with its
state (:mod:`tokenviz.export.html`) and puts the renderer into the page once.

One preprocessor does it, after the one that executes. A figure's state is taken from the notebook's
widget state or, if it was saved without, from the output beside the widget. Where neither
holds it, the table that was saved beside the figure stays, and a note says how to get the figure.
Widgets of other libraries are left as they are. A script is fetched only where the page needs it:
MathJax where the notebook writes formulas, require.js where another output asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter, HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from traitlets import default

from tokenviz.export.html import STATE_TYPE, TWIN, figure_html, renderer
from tokenviz.export.outputs import VIEW, figures_in, is_hidden, oddity, text_of, widget_models
from tokenviz.export.state import FigureState

__all__ = ["Figures", "LiveFigures", "ReadsAnything", "TokenvizHTMLExporter"]

_RENDERER = re.compile(r'<(style|script) class="tokenviz-renderer">.*?</\1>', re.DOTALL)
# The name of a figure, or of a box that begins with one.
_OURS = re.compile(r"(\w+\(children=\(+)*(AttributionHeatmap|LiveTrace|TokenTrace)\(")
_CODE = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]*`", re.DOTALL)
_MATH = re.compile(
    r"(?<![\\$])\$[^\s$](?:[^$\n]*[^\s$\\])?\$(?!\d)|\$\$.+?\$\$|\\\\[(\[]|\\begin\{", re.DOTALL
)
_AMD = re.compile(r"\b(require|requirejs|define)\s*\(")

_NOTE_STYLE = (
    "margin:8px 0;padding:8px 12px;border-left:3px solid #c77700;"
    "background:rgba(199,119,0,.09);font:13px/1.45 system-ui,sans-serif"
)


class Figures(Preprocessor):
    """Finds tokenviz widgets in a notebook's outputs, and has them replaced by something else.

    What a figure becomes, and what is said where it is missing, subclasses know.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Rewrite the outputs of ``nb`` (which is nbconvert's own copy)."""
        self._models = widget_models(nb)
        found = {
            model_id: self._figure(partial(FigureState.from_notebook, model))
            for model_id, model in self._models.items()
        }
        self._figures = {name: figure for name, figure in found.items() if figure is not None}
        self._live, self._missing = 0, 0
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs = list(self._outputs(cell.outputs))
        if self._missing:
            self.log.warning(
                "%d tokenviz figure(s) are missing or tables: the notebook does not hold their "
                "state. %s", self._missing, _REMEDY,
            )  # fmt: skip
        return nb, resources

    def drawn(self, figure: FigureState) -> Any:
        """What becomes of a figure."""
        raise NotImplementedError

    def shown(self, output: NotebookNode, figures: list[Any]) -> Iterator[NotebookNode]:
        """Outputs with figures as they were drawn, in the place of ``output``."""
        raise NotImplementedError

    def noted(self, output: NotebookNode, note: str, table: str) -> NotebookNode:
        """The output that says why there is no figure, and holds its table if there is one."""
        raise NotImplementedError

    def _figure(self, state: Callable[[], FigureState | None]) -> Any:
        """What becomes of a figure; None if there is no figure, or its state is damaged."""
        try:
            figure = state()
            return None if figure is None else self.drawn(figure)
        except Exception as error:  # one damaged figure must not cost the rest of the page
            self.log.warning("A saved tokenviz figure cannot be read: %r", error)
            return None

    def _outputs(self, outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
        """Outputs of a cell with figures drawn, and without the twins of those that are."""
        live_views = 0
        waiting: NotebookNode | None = None  # a view without state, whose twin may follow
        for output in outputs:
            data = output.get("data", {})
            html = text_of(data.get("text/html", ""))
            if VIEW in data:
                if waiting is not None:
                    yield self._note(waiting)
                    waiting = None
                model_id = data[VIEW]["model_id"]
                figures = figures_in(model_id, self._models, self._figures)
                if figures:
                    live_views += 1
                    yield from self._show(output, [self._figures[figure] for figure in figures])
                elif _OURS.match(text_of(data.get("text/plain", ""))):
                    waiting = output
                elif not self._models or (
                    model_id in self._models and not is_hidden(model_id, self._models)
                ):
                    yield output
                # else it was closed, as a progress bar that is done: nothing could show it
            elif html.startswith(TWIN):
                if live_views:
                    live_views -= 1
                    continue
                waiting = None
                figures = [self._figure(partial(FigureState.from_json, s)) for s in _saved(output)]
                if figures and None not in figures:
                    yield from self._show(output, figures)
                else:
                    yield self._note(output, table=html)
            elif _RENDERER.search(html):
                yield from self._fragment(output, html)
            else:
                yield output
        if waiting is not None:
            yield self._note(waiting)

    def _show(self, output: NotebookNode, figures: list[Any]) -> Iterator[NotebookNode]:
        self._live += 1
        yield from self.shown(output, figures)

    def _fragment(self, output: NotebookNode, html: str) -> Iterator[NotebookNode]:
        """A figure that was displayed as HTML."""
        self._live += 1
        yield _with_html(output, _RENDERER.sub("", html))

    def _note(self, output: NotebookNode, table: str = "") -> NotebookNode:
        self._missing += 1
        what = "shown as a table" if table else "missing"
        note = f"This figure is {what}: the notebook was saved without its state. {_REMEDY}"
        return self.noted(output, note, table)


class LiveFigures(Figures):
    """Replace tokenviz widgets in a notebook's outputs by fragments that draw themselves.

    What the template needs to know goes into ``resources["tokenviz"]``: the renderer, a banner,
    and whether the page has formulas or outputs that rely on require.js.
    """

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Rewrite the outputs of ``nb`` (which is nbconvert's own copy)."""
        self._kinds: set[str] = set()
        nb, resources = super().preprocess(nb, resources)
        bundles = [bundle for cell in nb.cells for bundle in _bundles(cell)]
        other_widgets = any(VIEW in bundle for bundle in bundles)
        if not other_widgets:  # or nbconvert would fetch a widget manager for nobody
            nb.metadata.pop("widgets", None)
        resources["tokenviz"] = {
            "renderer": renderer(*sorted(self._kinds)) if self._live else "",
            "banner": self._banner(nb),
            "has_math": _has_math(nb, bundles),
            "needs_require": other_widgets or any(map(_uses_require, bundles)),
        }
        return nb, resources

    def drawn(self, figure: FigureState) -> str:
        """Write the fragment of a figure."""
        self._kinds.add(figure.kind)
        return figure_html(figure)

    def shown(self, output: NotebookNode, figures: list[Any]) -> Iterator[NotebookNode]:
        """Write fragments one below the other."""
        yield _with_html(output, "\n".join(figures))

    def noted(self, output: NotebookNode, note: str, table: str) -> NotebookNode:
        """Write the note above the table."""
        return _with_html(output, _message(note) + table)

    def _banner(self, nb: NotebookNode) -> str:
        """A message for a notebook that uses tokenviz but was never run."""
        code = [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]
        if any(cell.outputs or cell.get("execution_count") for cell in code):
            return ""
        if not any("tokenviz" in cell.source for cell in code):
            return ""
        text = (
            "This notebook has not been run, so there are no figures to show. "
            "Run it and save it, or convert it with --execute."
        )
        self.log.warning(text)
        return _message(text)


_REMEDY = (
    "To have it live, convert with --execute, or turn on “Save Widget State Automatically” in "
    "JupyterLab's Settings menu, run the notebook and save it again."
)


class ReadsAnything(Exporter):
    """An exporter that is not stopped by one odd output."""

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        """Convert a notebook; an output that is not as nbformat has it becomes a note."""
        # Before anything else: nbconvert gives up a notebook of which one output is odd.
        nb = NotebookNode({**nb, "cells": [self._readable(cell) for cell in nb.cells]})
        return super().from_notebook_node(nb, resources, **options)

    def _readable(self, cell: NotebookNode) -> NotebookNode:
        reasons = [oddity(output) for output in cell.get("outputs", ())]
        if not any(reasons):
            return cell
        for reason in filter(None, reasons):
            self.log.warning("An output of the notebook cannot be read: %s", reason)
        outputs = [
            output if reason is None else _unreadable(reason)
            for output, reason in zip(cell.outputs, reasons, strict=True)
        ]
        return NotebookNode({**cell, "outputs": outputs})


class TokenvizHTMLExporter(ReadsAnything, HTMLExporter):
    """HTML with tokenviz figures live and no network; otherwise as nbconvert's HTML exporter."""

    export_from_notebook = "HTML with tokenviz figures"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "tokenviz"

    @default("extra_template_basedirs")
    def _default_extra_template_basedirs(self) -> list[str]:
        return [
            *super()._default_extra_template_basedirs(),
            str(Path(__file__).with_name("templates")),
        ]

    def _init_preprocessors(self) -> None:
        super()._init_preprocessors()  # type: ignore[no-untyped-call]
        # Last, and so after the execution.
        self.register_preprocessor(LiveFigures, enabled=True)  # type: ignore[no-untyped-call]


def _unreadable(why: str) -> NotebookNode:
    """What stands in the place of an output that is not as nbformat has it."""
    text = f"This output cannot be read: {why}."
    return NotebookNode(
        output_type="display_data",
        data=NotebookNode({"text/html": _message(text), "text/plain": text}),
        metadata=NotebookNode(),
    )


def _saved(output: NotebookNode) -> list[Any]:
    """The states that an output carries, in its metadata or, until version 0.1, as data."""
    held = output.get("metadata", {}).get(STATE_TYPE) or output.get("data", {}).get(STATE_TYPE)
    if not isinstance(held, Mapping):
        return []
    figures = held.get("figures")
    return list(figures) if isinstance(figures, list) else [held]


def _bundles(cell: NotebookNode) -> Iterator[dict[str, Any]]:
    for output in cell.get("outputs", []):
        yield output.get("data", {})


def _with_html(output: NotebookNode, html: str) -> NotebookNode:
    """A copy of a display output that holds nothing but ``html``."""
    return NotebookNode(
        {**output, "data": NotebookNode({"text/html": html}), "metadata": NotebookNode()}
    )


def _has_math(nb: NotebookNode, bundles: Iterable[dict[str, Any]]) -> bool:
    written = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    for bundle in bundles:
        if "text/latex" in bundle:
            return True
        written.append(text_of(bundle.get("text/markdown", "")))
    return any(_MATH.search(_CODE.sub("", text)) for text in written)


def _uses_require(bundle: dict[str, Any]) -> bool:
    scripts = (bundle.get("application/javascript", ""), bundle.get("text/html", ""))
    return any("tokenviz-figure" not in text_of(s) and _AMD.search(text_of(s)) for s in scripts)


def _message(text: str) -> str:
    return f'<p class="tokenviz-note" style="{_NOTE_STYLE}">{escape(text)}</p>'

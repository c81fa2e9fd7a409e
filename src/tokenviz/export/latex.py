"""``nbconvert --to tokenviz_latex`` and ``tokenviz_pdf``: figures as pictures in LaTeX.

LaTeX shows no HTML, so that of a figure nbconvert's own exporters write its name. These draw a PDF
of it, from the state that the notebook holds: nothing need be asked for when it is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nbconvert.exporters import LatexExporter, PDFExporter
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode

from tokenviz.export.nbconvert import Figures, ReadsAnything
from tokenviz.export.picture import drawable, picture
from tokenviz.export.state import FigureState, as_base64

__all__ = ["StillFigures", "TokenvizLatexExporter", "TokenvizPDFExporter"]


class StillFigures(Figures):
    """Replace tokenviz widgets in a notebook's outputs by pictures."""

    def drawn(self, figure: FigureState) -> dict[str, Any]:
        """Draw a PDF; of a figure that none can hold, say so."""
        options = figure.picture_options
        source: Any = figure.source
        if not drawable(source, options):
            return {"text/plain": f"{source!r} has too many cells for a picture."}
        return {"application/pdf": as_base64(picture(source, figure.scale, options, "pdf"))}

    def shown(self, output: NotebookNode, figures: list[Any]) -> Iterator[NotebookNode]:
        """One output for each."""
        for figure in figures:
            yield _display(figure)

    def noted(self, output: NotebookNode, note: str, table: str) -> NotebookNode:
        """Write the note, for want of anything that LaTeX could show."""
        return _display({"text/plain": note})

    def _fragment(self, output: NotebookNode, html: str) -> Iterator[NotebookNode]:
        yield output  # the words beside it


class _Stills(ReadsAnything):
    """What both exporters do: figures become pictures once the notebook has run."""

    def _init_preprocessors(self) -> None:
        super()._init_preprocessors()  # type: ignore[no-untyped-call]
        self.register_preprocessor(StillFigures, enabled=True)  # type: ignore[no-untyped-call]
        # What comes after the execution takes pictures out of the notebook.
        ran = [isinstance(step, ExecutePreprocessor) for step in self._preprocessors]
        self._preprocessors.insert(
            ran.index(True) + 1 if any(ran) else 0, self._preprocessors.pop()
        )


class TokenvizLatexExporter(_Stills, LatexExporter):
    """LaTeX with tokenviz figures as pictures; otherwise as nbconvert's LaTeX exporter."""

    export_from_notebook = "LaTeX with tokenviz figures"


class TokenvizPDFExporter(_Stills, PDFExporter):
    """PDF by way of LaTeX, with tokenviz figures as pictures."""

    export_from_notebook = "PDF via LaTeX with tokenviz figures"


def _display(data: dict[str, Any]) -> NotebookNode:
    return NotebookNode(
        output_type="display_data", data=NotebookNode(data), metadata=NotebookNode()
    )

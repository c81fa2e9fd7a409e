"""Bytes that are loaded, of the built files, and that are saved, of a notebook of figures."""

from __future__ import annotations

import gzip
from importlib.resources import files as resources

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.explore.limits import Limits
from benchmarks.render.jupyter import PATHS

__all__ = ["files", "notebook"]

LOADED = {
    "a heatmap or a trace: loader and renderer": ("loader.js", "widget.js"),
    "an explorer on top of that": ("explorer.js",),
    "an exported page of a heatmap or a trace": ("page.js", "tokenviz.css"),
    "an exported page of an explorer on top of that": ("explorerpage.js", "explorer.css"),
}


def files() -> dict[str, int]:
    """Bytes, each file compressed, of what is loaded for what."""
    static = resources("tokenviz") / "static"
    return {
        what: sum(len(gzip.compress((static / name).read_bytes())) for name in names)
        for what, names in LOADED.items()
    }


def notebook(limits: Limits) -> dict[str, int]:
    """Bytes of a notebook of explorers, executed and saved with the state of its widgets.

    Each is of a text of some hundred tokens.
    """
    prepare = f"import sys; sys.path[:0] = {PATHS!r}\nfrom benchmarks.explore.subject import *\n"
    cells = [prepare + "tree = answered().tree", *["tv.Explorer(None, tree)"] * limits.figures]
    made = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(made, timeout=limits.seconds, kernel_name="python3").execute()
    state = made.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    return {
        "figures": limits.figures,
        "renderers": sum("source" in entry["state"] for entry in state.values()),
        "bytes": len(nbformat.writes(made).encode("utf-8", "surrogatepass")),
    }

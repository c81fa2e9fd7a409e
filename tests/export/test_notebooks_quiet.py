"""Our notebooks' pages carry no warning of a library and no path of the machine that made them."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest
from nbconvert.exporters import get_exporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks import NOTEBOOKS, ExecutedNotebooks, written_to_stderr

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def paths_of_this_machine(page: str) -> list[str]:
    """Whatever names a folder of the user, the environment, the repository or temporary files."""
    folders = {
        Path.home(), Path(sys.prefix), Path(sys.base_prefix), NOTEBOOKS.parent,
        Path(sysconfig.get_path("purelib")), Path(tempfile.gettempdir()),
    }  # fmt: skip
    return [name for name in (*(f"{folder}/" for folder in folders), "site-packages")
            if name in page]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_to_stderr(name: str, executed: ExecutedNotebooks) -> None:
    page = executed.page(name).read_text(encoding="utf-8")
    assert written_to_stderr(page) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_path_of_the_machine_is_there(name: str, executed: ExecutedNotebooks) -> None:
    page = executed.page(name).read_text(encoding="utf-8")
    assert paths_of_this_machine(page) == []


def test_a_warning_on_a_page_is_seen() -> None:
    warning = f"{sysconfig.get_path('purelib')}/library.py:1: FutureWarning: <b> is to be c\n"
    outputs = [
        new_output("stream", name="stdout", text="all is well"),
        new_output("stream", name="stderr", text=warning),
    ]
    notebook = new_notebook(cells=[new_code_cell("tokenviz", outputs=outputs)])
    page, _ = get_exporter("tokenviz_html")().from_notebook_node(notebook)
    (said,) = written_to_stderr(page)
    assert said.strip() == warning.strip()
    assert "site-packages" in paths_of_this_machine(page)

"""Importing tokenviz is cheap: what is heavy loads on first use."""

from __future__ import annotations

import subprocess
import sys


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after ``code``."""
    script = f"{code}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {"torch", "transformers", "tokenizers", "matplotlib", "pandas", "nbconvert"}


def test_import_loads_neither_models_nor_widgets() -> None:
    assert not loaded_by("import tokenviz") & (HEAVY | {"anywidget", "ipywidgets", "IPython"})


def test_a_scorer_is_made_without_a_model_library() -> None:
    code = "import tokenviz as tv\ntv.scorers.completions('http://localhost:1/v1', 'some')"
    assert not loaded_by(code) & HEAVY


def test_data_and_saved_pages_need_no_model_library() -> None:
    code = (
        "import tokenviz as tv, tempfile\ntv.examples.trace().save(tempfile.mkdtemp() + '/t.html')"
    )
    assert not loaded_by(code) & HEAVY

"""The notebooks of notebooks/ as pages, executed once however many tests look at them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"

# Run last, in the notebook's own kernel, into its folder: the values that its prose speaks of.
FACTS = {
    "ask_why": """
import json
from pathlib import Path

def _listed(attribution):
    values = attribution.values[:, 0]
    rows = np.argsort(-np.abs(values))
    prompt = len(answer.prompt)
    return [(int(row) - prompt, attribution.tokens[row].text, float(values[row])) for row in rows]

_facts = {
    "text": answer.text,
    "wrong": wrong,
    "hundreds": hundreds,
    "probability": float(answer.probabilities[wrong]),
    "alternatives": [(o.token.text, o.probability) for o in answer.alternatives[wrong]],
    "why": _listed(why),
    "rather": _listed(explorer.why(wrong, 1, instead_of=0)),
    "change": change.tolist(),
    "branches": [
        (tree.branches[i].name, tree.path(i).text, float(tree.path(i).probabilities[wrong]),
         tree.logprob(i), tree.path(i).logprobs.tolist())
        for i in range(len(tree))
    ],
    "answers": len(tree.answers),
    "rows": len(frame[(frame["position"] == wrong) & (frame["slot"] == 0)]),
}
Path("facts.json").write_text(json.dumps(_facts))
""",
    "attribution_methods": """
import json
from pathlib import Path

_facts = {
    "tokens": [token.text for token in path.tokens],
    "found": {name: by.values[:, 0].tolist() for name, by in found.items()},
    "logit_norm": float(lm.attribute(
        prompt, answer, method="gradient_norm", score="logit").values.max()),
    "errors": [float(by.completeness_error[0]) for by in (path, fixed)],
    "steps": [by.n_steps for by in (path, fixed)],
    "baselines": [by.values[:, 0].tolist() for by in (zero, mean, eos, left_out)],
    "from_zero": from_zero.values[:, 0].tolist(),
    "standard_errors": [float(by.standard_error.max()) for by in (found["shapley"], more)],
    "words_are_exact": words.standard_error is None,
    "words": words.values[:, 0].tolist(),
    "contrast": contrast.values.tolist(),
    "rollout": float(np.abs(rollout.values).max()),
    "columns": [token.text for token in steps.targets],
    "steps_by_token": steps.values.tolist(),
    "lines": lines.values[:, 0].tolist(),
    "areas": {name: np.mean(pairs, axis=0).tolist() for name, pairs in areas.items()},
    "in_small_pieces": float(np.abs(small.values - eos.values).max()),
}
Path("facts.json").write_text(json.dumps(_facts))
""",
}


class ExecutedNotebooks:
    """Pages as `make demo` writes them: through our exporter, executed on the way.

    Processes that share a folder share the pages; one waits while another executes a notebook.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page(self, name: str) -> Path:
        """The page of one notebook, in a folder of its own with what the notebook wrote."""
        folder, failed = self._folder / name, self._folder / f"{name}.txt"
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                folder.mkdir()
                done = _execute(name, folder)
                if done.returncode != 0:
                    failed.write_text(done.stderr, encoding="utf-8")
        assert not failed.exists(), failed.read_text(encoding="utf-8")
        return folder / f"{name}.html"


def _execute(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Write the notebook's page into a folder."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    if name in FACTS:
        notebook.cells.append(nbformat.v4.new_code_cell(FACTS[name]))
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    (folder / "checkpoints").symlink_to(NOTEBOOKS / "checkpoints")  # what stands beside them
    return subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to=tokenviz_html", "--execute", str(path)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(NOTEBOOKS.parent)},  # for what is in scripts/
    )  # fmt: skip


def written_to_stderr(page: str) -> list[str]:
    """The text of each red box on a page of nbconvert's."""
    reader = _RedBoxes()
    reader.feed(page)
    return reader.found


class _RedBoxes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag != "div":
            return
        if ("data-mime-type", "application/vnd.jupyter.stderr") in attributes:
            self.found.append("")
            self._open = 1
        elif self._open:
            self._open += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self._open:
            self._open -= 1

    def handle_data(self, data: str) -> None:
        if self._open:
            self.found[-1] += data

"""docs/benchmarks.md, from the numbers alone: tables with ratios, how they arose, what differs.

`python -m benchmarks.report FILE.json` prints it for any results.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.compare.table import markdown as compare_tables
from benchmarks.explore.table import markdown as explore_tables
from benchmarks.render.table import markdown as render_tables
from benchmarks.sets.table import markdown as sets_tables
from benchmarks.truth.table import markdown as truth_tables

__all__ = ["markdown"]

Row = Mapping[str, Any]

_MIB = 2**20
_HEADINGS = {
    "engine": "Attribution",
    "pretrained": "Attribution of pretrained models",
    "long": "Long prompts",
    "memory": "Memory of attribution",
    "traces": "Traces at a large vocabulary",
    "truth": "Truth",
    "gpu": "A large model on a GPU",
    "render": "Figures in a browser",
    "compare": "Comparisons and rollouts",
    "explore": "An explorer in JupyterLab",
    "sets": "Sets of traces",
}
_TITLES = {
    "input_x_gradient": "Input × gradient",
    "integrated_gradients": "Integrated gradients, 32 steps",
    "integrated_gradients_to_tolerance": "Integrated gradients to an error",
    "occlusion": "Occlusion",
}
_LAYOUTS = {
    "llama": "Llama (width 256, 6 layers, 8 heads, 4 of keys and values, vocabulary 32,000)",
    "gpt2": "GPT-2 (width 256, 6 layers, 8 heads, vocabulary 50,257)",
}


def markdown(report: Mapping[str, Any]) -> str:
    """The whole document.

    Parameters
    ----------
    report
        What `python -m benchmarks` writes as JSON.
    """
    parts = ["# Benchmarks", "Written by `make bench`; every number was measured by `benchmarks/`."]
    for section, write in _SECTIONS.items():
        if section in report:
            measured = report[section]
            parts += [f"## {_HEADINGS[section]}", _machine(measured), write(measured["result"])]
    return "\n\n".join(parts) + "\n"


def _machine(measured: Row) -> str:
    machine = measured["machine"]
    versions = [
        f"{name} {machine[name]}"
        for name in ("python", "torch", "transformers", "captum", "inseq", "interpreto")
        if machine.get(name)
    ]
    quick = " A quick trial on tiny models: not to be quoted." if measured["quick"] else ""
    return (
        f"{machine['date']}, {machine['processor']}, cores used: {machine['cores used']}, torch "
        f"threads: {machine['torch threads']}; {', '.join(versions)}; {measured['minutes']} "
        f"minutes.{quick}"
    )


def _engine(rows: Sequence[Row]) -> str:
    parts = [
        "CPU seconds of the process, held to one core: the median of rounds that alternate between "
        "the libraries; in brackets how many times tokenviz's. n × m is a prompt of n tokens and a "
        "continuation of m, one column per token; n × T of m is T continuations of m tokens, each "
        "one column. ¹ measured once, because it takes long. “–” not measured, because it was "
        "expected to take too long (in brackets the seconds expected, from the time of a smaller "
        "case and the ratio of forward and backward passes). Below each table, the largest "
        "difference of values in any of its rows; where captum took too long for a row, its first "
        "column alone was computed to compare with. Models have random weights.",
    ]
    return "\n\n".join([*parts, *_by_model(rows), _DEFINITIONS])


def _pretrained(rows: Sequence[Row]) -> str:
    parts = [
        "The same on text, with weights that somebody trained, in float32. To an error: captum in "
        "more and more steps beside tokenviz's own choice; how far values are off is told by "
        "tokenviz following the path ten times as closely.",
    ]
    return "\n\n".join([*parts, *_by_model(rows)])


def _by_model(rows: Sequence[Row]) -> list[str]:
    parts = []
    for model in _unique(rows, "model"):
        parts.append(f"### {_LAYOUTS.get(model, model)}")
        for method in _unique(rows, "method"):
            of_method = [row for row in rows if row["model"] == model and row["method"] == method]
            if not of_method:
                continue
            parts += [f"#### {_TITLES[method]}", _times(of_method), _values(of_method)]
    return parts


def _times(rows: Sequence[Row]) -> str:
    contenders = list(dict.fromkeys((row["library"], row["setting"]) for row in rows))
    by_cell = {(row["size"], row["library"], row["setting"]): row for row in rows}
    head = ["size", *(_name(library, setting) for library, setting in contenders)]
    body = [
        [size, *(_time(by_cell[size, library, setting]) for library, setting in contenders)]
        for size in _unique(rows, "size")
    ]
    return _table(head, body)


def _time(row: Row) -> str:
    if row["error"]:
        return "failed"
    if row["median"] is None:
        return "–" if row["expected"] is None else f"– ({row['expected']:.0f})"
    once = "¹" if len(row["seconds"]) == 1 else ""
    ratio = "" if row["library"] == "tokenviz" else f" ({row['ratio']:.1f}×)"
    return f"{_number(row['median'])}{once}{ratio}"


def _values(rows: Sequence[Row]) -> str:
    """The largest difference of each contender over all sizes, and completeness errors."""
    lines = []
    for library, setting in dict.fromkeys((row["library"], row["setting"]) for row in rows):
        own = [row for row in rows if (row["library"], row["setting"]) == (library, setting)]
        facts = []
        compared = [row for row in own if "difference" in row]
        if compared:
            worst = max(compared, key=lambda row: float(row["difference"]))
            what = {"first": ", first columns only", "magnitude": ", ignoring signs"}
            by = f"by at most {worst['difference']:.0e} of the largest value"
            facts.append(
                f"differs from {worst['compared with']} "
                f"{by if worst['difference'] else 'in no bit'}"
                f"{what.get(worst['same definition'], '')}"
            )
        elif all(row["same definition"] == "no" for row in own):
            facts.append("another quantity, so values are not compared")
        errors = [row["completeness error"] for row in own if "completeness error" in row]
        if errors:
            facts.append(f"worst completeness error {100 * max(errors):.2g}%")
        errors = [row["value error"] for row in own if "value error" in row]
        if errors:
            facts.append(f"a value off by at most {100 * max(errors):.2g}% of the change")
        facts += sorted({f"failed: {row['error']}" for row in own if row["error"]})
        if facts:
            lines.append(f"- {_name(library, setting)}: {'; '.join(facts)}.")
    return "\n".join(lines)


_DEFINITIONS = """### What differs in definition

- **captum**: `LLMGradientAttribution` over `LayerGradientXActivation` and
  `LayerIntegratedGradients`, `LLMAttribution` over `FeatureAblation`; the definitions are ours.
  `perturbations_per_eval` above 1 is refused by `LLMAttribution`. Its default,
  `use_cached_outputs=True`, gives other values than the same class without its cache.
- **inseq** explains every token by the generated ones before it too (only the prompt's rows are
  compared), by default the probability, and shows norms. Here its score is the log-probability
  (`probability` with `logprob=True`), and its vectors are summed. Its integrated gradients take
  the generated tokens along the path, so only the first column is the same quantity. Its occlusion
  has no sign.
- **interpreto** explains by the generated tokens too. Its gradients are means of |embedding ·
  gradient| without a sign, and its integrated gradients multiply by the embedding on the path, not
  by its difference to the baseline; they are here for their time.
- To an error: tokenviz adds path nodes until no value is off by more than 5% of the score's change,
  as far as it can tell, and shares out what is left; captum takes its default of 50 steps. The
  completeness error of a column is |sum of values − change of the score| / |change|, where a change
  below 0.1 nat counts as 0.1; the worst column counts."""


_LONG = {
    "llama": "Llama (width 256, 4 layers, 8 heads, 4 of keys and values, vocabulary 32,000)",
    "gpt2": "GPT-2 (width 256, 4 layers, 8 heads, vocabulary 50,257)",
    "gemma": "Gemma 3 270M's shape, 2 of its layers (a window of 512, and none), float32",
    "gemma, bfloat16": "The same in bfloat16, for which this processor has no instructions",
}


def _long(rows: Sequence[Row]) -> str:
    parts = [
        "Input × gradient of next tokens after a long prompt: CPU seconds of the process, held to "
        "one core; in brackets how many times tokenviz's; then MiB of memory beyond the model, "
        "each in a process of its own. tokenviz and plain autograd (a forward and a backward pass "
        "for each target, logits of the last token only) alternate, and the least of up to three "
        "rounds counts (¹ of one, because it takes long); captum and inseq are measured once. “–” "
        "not measured, because it was expected to take too long. What tokenviz tries once for each "
        "model is not counted. Models have random weights.",
    ]
    for model in _unique(rows, "model"):
        own = [row for row in rows if row["model"] == model]
        libraries = _unique(own, "library")
        by_cell = {(row["prompt"], row["targets"], row["library"]): row for row in own}
        sizes = dict.fromkeys((row["prompt"], row["targets"]) for row in own)
        body = [
            [
                f"{n:,} tokens, {targets} target{'s' if targets > 1 else ''}",
                *(
                    _seconds_and_mebibytes(
                        by_cell[n, targets, library], by_cell[n, targets, "tokenviz"]
                    )
                    for library in libraries
                ),
            ]
            for n, targets in sizes
        ]
        worst = max(row["difference"] for row in own if "difference" in row)
        parts += [
            f"### {_LONG[model]}",
            _table(["size", *libraries], body),
            f"- tokenviz differs from autograd by at most {worst:.0e} of the largest value.",
        ]
    return "\n\n".join(parts)


def _seconds_and_mebibytes(row: Row, own: Row) -> str:
    if row.get("error"):
        return "failed"
    if row["seconds"] is None:
        return "–"
    once = "¹" if row["rounds"] == 1 and row["library"] in {"tokenviz", "autograd"} else ""
    ratio = "" if row is own else f" ({row['seconds'] / own['seconds']:.2f}×)"
    memory = f", {row['bytes'] / _MIB:,.0f} MiB" if "bytes" in row else ""
    return f"{_number(row['seconds'])}{once}{ratio}{memory}"


def _memory(rows: Sequence[Row]) -> str:
    by_way = {(row["library"], row["setting"], row["method"]): row for row in rows}
    body = []
    for row in rows:
        own = by_way.get(("tokenviz", "default", row["method"]))
        body.append(
            [
                _TITLES[row["method"]],
                _name(row["library"], row["setting"]),
                "failed" if "error" in row else f"{row['bytes'] / _MIB:.0f}",
                "" if "error" in row else _number(row["seconds"]),
                _ratio(row, own, "bytes"),
            ]
        )
    body.sort(key=lambda cells: list(_TITLES.values()).index(cells[0]))
    first = rows[0]
    return (
        f"{first['prompt']} × {first['continuation']} on {_LAYOUTS[first['model']]}. Each in a "
        "process of its own: the peak of its resident memory beyond what it held after the model "
        "was loaded and a tiny case was run.\n\n"
    ) + _table(["method", "library", "MiB", "CPU seconds", "memory, times tokenviz's"], body, 2)


def _traces(rows: Sequence[Row]) -> str:
    body = []
    for row in rows:
        own = rows[0] if row["way"] in {"tokenviz score", "full log-softmax"} else rows[2]
        if "error" in row:
            body.append([row["way"], "failed", "", "", ""])
            continue
        body.append(
            [
                row["way"],
                _number(row["median"]),
                _ratio(row, own, "median"),
                f"{row['bytes'] / _MIB:.0f}",
                _ratio(row, own, "bytes"),
            ]
        )
    return (
        f"{rows[0]['tokens']:,} tokens at a vocabulary of {rows[0]['vocabulary']:,} (Llama, width "
        "256, 4 layers), five alternatives each, greedy; each in a process of its own. The full "
        "log-softmax gives the same outputs as scoring; transformers' `generate` gives the text "
        "alone, or the text and every step's logits.\n\n"
    ) + _table(["", "CPU seconds", "times tokenviz's", "MiB", "times tokenviz's"], body)


def _gpu(result: Row) -> str:
    body = [
        [
            row["method"],
            "out of memory" if "error" in row else _number(row["median"]),
            _number(row["floor seconds"]),
            "" if "error" in row else f"{row['share of floor']:.0%}",
            f"{row['GiB beyond the model']:.1f}" if "GiB beyond the model" in row else "",
        ]
        for row in result["methods"]
    ]
    return (
        f"{result['device']}, a model of Llama 3 8B's shape with random weights, "
        f"{result['dtype']}, {result['prompt']} × {result['continuation']}, integrated gradients "
        f"with {result['n_steps']} steps. The floor is the least arithmetic that the method takes "
        "(`benchmarks/gpu.py`), at the "
        f"{result['operations per second'] / 1e12:.1f} tera-operations per second that a large "
        "matrix product reached in the same run.\n\n"
    ) + _table(
        ["method", "seconds", "floor, seconds", "floor / measured", "GiB beyond the model"], body
    )


_SECTIONS: dict[str, Callable[[Any], str]] = {
    "engine": _engine,
    "pretrained": _pretrained,
    "long": _long,
    "memory": _memory,
    "traces": _traces,
    "truth": truth_tables,
    "gpu": _gpu,
    "render": render_tables,
    "compare": compare_tables,
    "explore": explore_tables,
    "sets": sets_tables,
}


def _name(library: str, setting: str) -> str:
    return library if setting == "default" else f"{library}, {setting}"


def _ratio(row: Row, own: Row | None, field: str) -> str:
    if own is None or own is row or not own.get(field) or not row.get(field):
        return ""
    return f"{row[field] / own[field]:.1f}×"


def _number(value: float) -> str:
    """Three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _unique(rows: Iterable[Row], field: str) -> list[Any]:
    return list(dict.fromkeys(row[field] for row in rows))


def _table(head: Sequence[str], body: Iterable[Sequence[str]], names: int = 1) -> str:
    """Rows of which the first cells are names, the others numbers."""
    lines = [head, [*["---"] * names, *["---:"] * (len(head) - names)], *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))

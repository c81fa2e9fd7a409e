"""The section of docs/benchmarks.md on what a reader of an explorer waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["markdown"]

Row = Mapping[str, Any]

_PARTS = {
    "page": "the page, until it asks",
    "to kernel": "to the kernel",
    "waiting": "waiting there",
    "computing": "computing",
    "cpu": "of it CPU",
    "to page": "back to the page",
    "painting": "painting",
}


def markdown(result: Row) -> str:
    """All of it; of what was not measured, nothing."""
    parts = [_INTRODUCTION.format(chromium=result["tree"]["chromium"])]
    if "clicks" in result:
        parts += ["### A click", _clicks(result["clicks"])]
        parts += ["### Scrolling and pointing meanwhile", _moves(result["clicks"])]
    if "forks" in result:
        parts += ["### A branch", _forks(result["forks"])]
    parts += ["### A large tree", _tree(result), "### Bytes", _bytes(result)]
    return "\n\n".join(parts)


_INTRODUCTION = (
    "An explorer in JupyterLab, asked by the mouse and the keys in headless Chromium {chromium}, "
    "software rendering, held to one core; the server and the kernel use all. Times are from the "
    "event, as the browser dates it, to the presentation of the frame that shows what came of it: "
    "95th percentiles, medians in brackets. `benchmarks/explore/` has the definitions."
)


def _clicks(rows: Sequence[Row]) -> str:
    body = [
        [
            f"{row['model']}, {_range(row['tokens before'])} tokens before",
            f"{row['fresh']['total']['count']}",
            _p95(row["fresh"]["total"]),
            _p95(row["kept"]["total"]),
            *(_p95(row["fresh"][part]) for part in _PARTS),
        ]
        for row in rows
    ]
    threads = {row["threads"] for row in rows}
    nothing = _p95(rows[0]["nothing"])
    return (
        "From the click on a token or an alternative to the painted attribution, by the default "
        "method: of each for the first time, and once more, when the answer is kept. Then the "
        f"parts of the first. A frame that changes nothing takes {nothing}; torch uses "
        f"{', '.join(map(str, sorted(threads)))} threads.\n\n"
    ) + _table(["model", "clicks", "first time", "kept", *_PARTS.values()], body)


def _moves(rows: Sequence[Row]) -> str:
    body = [
        [f"{row['model']}, {name}", _p95(row[when]["scroll"]), _p95(row[when]["hover"])]
        for row in rows
        for when, name in (("at rest", "at rest"), ("computing", "while an answer is computed"))
    ]
    return _table(["", "scroll", "hover"], body)


def _forks(row: Row) -> str:
    body = [
        [
            name,
            f"{row[kind]['total']['count']}",
            *(_p95(row[kind][part]) for part in ("total", "to kernel", "writing", "to page")),
            f"{row[kind]['computed']['median']:.0f}",
        ]
        for kind, name in (
            ("kept", "going on from what is remembered"),
            ("anew", "with nothing remembered"),
        )
    ]
    return (
        "From the key that goes on from an alternative, after "
        f"{_range(row['before'])} of {row['tokens']} tokens, to the first new token on the screen; "
        "and the positions that the model was run on for it.\n\n"
    ) + _table(
        ["", "branches", "total", "to the kernel", "until it is written", "to the screen",
         "positions"],
        body,
    )  # fmt: skip


def _tree(result: Row) -> str:
    tree = result["tree"]
    body = [
        [
            "exported page",
            f"{_p95(tree['shown'])}",
            _p95(tree["switch"]),
        ]
    ]
    if "tree in JupyterLab" in result:
        live = result["tree in JupyterLab"]
        body.append(["JupyterLab", _time(live["shown_ms"]), _p95(live["switch"])])
    return (
        f"{tree['branches']} branches of {tree['tokens']} tokens, five alternatives each: a page "
        f"of {tree['bytes']:,} bytes, written in {tree['build_seconds']:.2g} s. Until it is shown "
        "(from the navigation, or from the kernel's first step), and from a click on a branch "
        "until that is.\n\n"
    ) + _table(["", "shown", "another branch"], body)


def _bytes(result: Row) -> str:
    messages = [
        [f"{row['before']:,}", f"{row['sent']:,}", f"{row['values']:,}"]
        for row in result["messages"]
    ]
    files = [[what, f"{size:,}"] for what, size in result["files"].items()]
    book = result["notebook"]
    per_click = (
        f" In JupyterLab, with all that it adds, a question of {_BUNDLED} took "
        f"{result['clicks'][0]['bytes']['median']:,.0f} bytes in the median."
        if "clicks" in result
        else ""
    )
    return "\n\n".join(
        [
            f"The messages to the page about one question.{per_click}",
            _table(["tokens before", "bytes", "of them values"], messages),
            "What is loaded, gzipped.",
            _table(["", "bytes"], files),
            f"A notebook of {book['figures']} explorers of some hundred tokens each, saved with "
            f"its widgets: {book['bytes']:,} bytes, the sources of the renderer in it "
            f"{book['renderers']} (renderer and explorer).",
        ]
    )


_BUNDLED = "the bundled model after some 100 tokens"


def _range(two: Sequence[int]) -> str:
    return f"{two[0]} to {two[1]}"


def _p95(times: Row) -> str:
    return f"{_time(times['p95'])} ({_time(times['median'])})"


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.0f} ms"


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

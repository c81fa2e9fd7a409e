"""The tables of docs/benchmarks.md on figures in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

__all__ = ["markdown"]

Row = Mapping[str, Any]

_MIB = 2**20
_KINDS = {"heatmap": "Heatmaps", "trace": "Traces, five alternatives at each position"}


def markdown(result: Row) -> str:
    """All of them."""
    parts = [_introduction(result)]
    for kind, heading in _KINDS.items():
        rows = [row for row in result["rows"] if row["kind"] == kind]
        if not rows:
            continue
        parts.append(f"### {heading}")
        for title, cell in _MEASURES[kind]:
            body = _body(rows, cell)
            if any(entry not in _NOTHING for line in body for entry in line[1:]):
                sizes = list(dict.fromkeys(row["size"] for row in rows))
                parts += [f"**{title}**", _table(["", *sizes], body)]
    notes = _notes(result["rows"])
    if notes:
        parts.append("### Remarks\n\n" + "\n".join(notes))
    parts.append(_live(result))
    if "rows" in result["opening"]:
        parts.append(_opening(result["opening"]))
    files = [
        [name, f"{size['bytes']:,}", f"{size['gzip']:,}"] for name, size in result["bundle"].items()
    ]
    parts += ["### The bundle", _table(["built file", "bytes", "compressed"], files)]
    return "\n\n".join(parts)


def _introduction(result: Row) -> str:
    versions = ", ".join(
        f"{name} {number}" for name, number in result["versions"].items() if number
    )
    empties = sorted(row["empty_paint_ms"] for row in result["rows"] if "empty_paint_ms" in row)
    empty = f"{empties[len(empties) // 2]:.0f} ms" if empties else "–"
    floors = [n for row in result["rows"] if (n := row.get("nothing_ms"))]
    p95, middle = (
        _time(median(n[key] for n in floors)) if floors else "–" for key in ("p95", "median")
    )
    loads = [row["load"] for row in result["rows"] if "load" in row]
    load = f" The load of the machine was {min(loads)} to {max(loads)}." if loads else ""
    return (
        f"Pages that need no network, opened in headless Chromium {result['chromium']}, software "
        f"rendering, all of its processes on one core; {versions}.{load}\n\n"
        "*First paint* is from navigation to the presentation of the frame in which the figure is "
        f"finished (an empty page: {empty}); *recolour*, *pan* and *zoom* from the call to the "
        "presentation of the frame that shows it, for which the frame is waited for, too (a call "
        f"that changes nothing: {p95}, median {middle}); *scroll* the time between animation "
        "frames, at 60 Hz at most, while each scrolls by 30 pixels (steady) or 3,000 (fast). 95th "
        "percentiles unless it says median; *CPU* is the processor time of all the browser's "
        "processes, per call; *painted*, until the contender says that it has. "
        "*Memory* is what they take beyond an empty page. *Python* is CPU "
        "time to write the page. “–” it cannot, or there is nothing to do; “>” it took longer than "
        "the limit, so that larger sizes were not run; “≥” the picture still changed afterwards. "
        "`benchmarks/render/driver.py` has the definitions."
    )


def _body(rows: Sequence[Row], cell: Callable[[Row], str | None]) -> list[list[str]]:
    sizes = list(dict.fromkeys(row["size"] for row in rows))
    found = {(row["contender"], row["size"]): row for row in rows}
    return [
        [name, *(_cell(found.get((name, size), {}), cell) for size in sizes)]
        for name in dict.fromkeys(row["contender"] for row in rows)
    ]


def _cell(row: Row, cell: Callable[[Row], str | None]) -> str:
    if "not run" in row:
        return "not run"
    if (text := cell(row)) is not None:
        return text
    return "failed" if "error" in row and "first_paint_ms" not in row else "–"


_NOTHING = {"–", "not run", "failed"}


def _seconds(field: str) -> Callable[[Row], str | None]:
    def cell(row: Row) -> str | None:
        return _time(1000 * row[field]) if field in row else None

    return cell


def _milliseconds(field: str) -> Callable[[Row], str | None]:
    def cell(row: Row) -> str | None:
        return _time(row[field]) if field in row else None

    return cell


def _paint(row: Row) -> str | None:
    if "over" in row:
        return f"> {row['limit']:.0f} s"
    if "first_paint_ms" not in row:
        return None
    if row.get("blank"):
        return "blank"
    return ("" if row.get("settled", True) else "≥ ") + _time(row["first_paint_ms"])


def _p95(field: str) -> Callable[[Row], str | None]:
    def cell(row: Row) -> str | None:
        return _time(row[field]["p95"]) if field in row else None

    return cell


def _all(field: str) -> Callable[[Row], str | None]:
    def cell(row: Row) -> str | None:
        if field not in row:
            return None
        times = row[field]
        middle = f"median {_time(times['median'])}, CPU {_time(times['cpu'])}"
        # Earlier results have no times of the painting alone.
        painted = f", painted {_time(times['paint']['p95'])}" if "paint" in times else ""
        return f"{_time(times['p95'])} ({middle}{painted})"

    return cell


def _size(row: Row) -> str | None:
    return f"{row['bytes'] / 1e6:.3g} MB" if "bytes" in row else None


def _added(row: Row) -> str | None:
    return f"{row['memory_bytes'] / _MIB:.0f} MiB" if "memory_bytes" in row else None


_COMMON = [
    ("First paint", _paint),
    ("CPU time to the first paint", _milliseconds("first_paint_cpu_ms")),
    ("Recolour", _all("recolour_ms")),
]
_COSTS = [
    ("Memory", _added),
    ("Page", _size),
    ("Python", _seconds("build_seconds")),
]
_SCROLL = [
    ("Steady scroll", _p95("steady_scroll_ms")),
    ("Fast scroll", _p95("fast_scroll_ms")),
]
_MEASURES: dict[str, list[tuple[str, Callable[[Row], str | None]]]] = {
    "heatmap": [*_COMMON, ("Pan", _all("pan_ms")), ("Zoom", _all("zoom_ms")), *_COSTS],
    "trace": [*_COMMON, *_SCROLL, *_COSTS],
}


def _notes(rows: Sequence[Row]) -> list[str]:
    """What is behind the words in the tables."""
    notes = []
    for row in rows:
        facts = []
        if row.get("blank"):
            facts.append("the picture is of one colour")
        if "over" in row:
            facts.append(f"over the limit in {row['over']}")
        if row.get("not run") == "not installed":
            facts.append("not installed")
        facts += [
            f"{name.removesuffix('_error')}: {row[name]}" for name in row if name.endswith("error")
        ]
        if facts:
            notes.append(f"- {row['contender']}, {row['size']}: {'; '.join(facts)}.")
    return notes


def _live(result: Row) -> str:
    lab = {(row["kind"], row["size"]): row for row in result["jupyterlab"]}
    body = []
    for row in result["payload"]:
        seen = lab.get((row["kind"], row["size"]), {})
        body.append(
            [
                f"{row['kind']}, {row['size']}",
                _time(1000 * row["show_seconds"]),
                f"{row['raw_bytes']:,}",
                f"{row['sent_bytes']:,}",
                f"{row['ratio']:.3f}",
                f"{seen['websocket_bytes']:,}" if "websocket_bytes" in seen else "–",
                _time(seen["kernel_to_paint_ms"]) if "kernel_to_paint_ms" in seen else "–",
            ]
        )
    return (
        "### Live, in JupyterLab\n\n"
        "*Python* is CPU time from the data to the widget's state; *data* the bytes of its arrays; "
        "*state* those of every trait as they are sent, the renderer itself left out; at the "
        "*websocket*, all that JupyterLab received, the renderer too; *kernel to paint* from the "
        "kernel's call of `show()` to the presentation of the finished figure.\n\n"
    ) + _table(
        ["", "Python", "data", "state", "state / data", "websocket", "kernel to paint"], body
    )


def _opening(result: Row) -> str:
    side = result["side"]
    body = [
        [
            row["contender"],
            _time(1000 * row["first_seconds"]),
            f"{row['read_bytes'] / 1e6:,.0f} MB",
            _time(1000 * row["again_seconds"]),
        ]
        for row in result["rows"]
    ]
    return (
        f"### A matrix of {side:,} × {side:,} on disk\n\n"
        f"A memmap of float16, {2 * side * side / 1e9:.3g} GB: from `numpy.load` to the widget's "
        "state, when the system holds nothing of the file in memory (*first*; *read* is what came "
        "from the disk then), and when it does (*again*).\n\n"
    ) + _table(["", "first", "read", "again"], body)


def _time(milliseconds: float) -> str:
    """Three digits."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.3g} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 100 else f"{milliseconds:.3g} ms"


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    """Rows of which the first cell is a name, the others numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

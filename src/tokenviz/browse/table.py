"""What a page shows of a set where no script runs: the first rows, as a plain table."""

from __future__ import annotations

from html import escape
from typing import Any

from tokenviz.browse.columns import LARGEST

__all__ = ["set_table"]

_ROWS = 50
_TEXT = 120


def set_table(head: dict[str, Any]) -> str:
    """The first of the rows that a page holds.

    Parameters
    ----------
    head
        The trait ``_data`` of a browser, with the rows in it.
    """
    rows = head.get("rows")
    if rows is None:
        return f"<p>A set of {head['total']:,} traces; its rows are with the kernel.</p>"
    shown = [one for one in head["columns"] if one["name"] in head["shown"]]
    count = min(_ROWS, len(rows["key"]))
    heads = "".join(f'<th scope="col">{escape(one["label"])}</th>' for one in shown)
    lines = []
    for i in range(count):
        cells = "".join(f"<td>{escape(_written(rows['columns'][one['name']][i]))}</td>"
                        for one in shown)  # fmt: skip
        text = rows["text"][i] or ""
        text = text if len(text) <= _TEXT else f"{text[:_TEXT]}…"
        lines.append(
            f'<tr><th scope="row">{escape(rows["key"][i])}</th>{cells}<td>{escape(text)}</td></tr>'
        )
    caption = f"{count:,} of {head['total']:,} traces"
    return (
        f'<table class="tokenviz-table"><caption>{caption}</caption><thead><tr>'
        f'<th scope="col">key</th>{heads}<th scope="col">text</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if abs(value) == LARGEST:
            return "∞" if value > 0 else "−∞"
        return f"{value:.4g}".replace("-", "−")
    return str(value)

"""Many traces as a table to browse, with the figure of a row below it: as a page, or served."""

from __future__ import annotations

import threading
from html import escape
from typing import TYPE_CHECKING, Any

from tokenviz.cli.browsing import announce, wait_for
from tokenviz.cli.many import Chosen
from tokenviz.cli.ordering import channel_of
from tokenviz.cli.running import complain
from tokenviz.data.visible import printable

if TYPE_CHECKING:
    from tokenviz.browse.browser import SetBrowser
    from tokenviz.sets.trace_set import TraceSet

__all__ = ["browser_of", "most_of_page", "save_table", "serve_table"]

_OWN = 8  # columns of the user's that are seen at first
_MANY = 1000  # traces whose page takes a while

_STYLE = (
    "<style>"
    ".tokenviz-browsed{font:14px/1.4 system-ui,sans-serif}"
    ".tokenviz-browsed h1{font-size:20px;margin:0 0 4px;overflow-wrap:anywhere}"
    ".tokenviz-browsed>p{margin:0 0 12px}"
    "</style>"
)


def most_of_page() -> int:
    """How many traces a page holds that asks nobody."""
    from tokenviz.browse.page import MOST

    return MOST


def browser_of(
    traces: TraceSet,
    *,
    channel: str | None = None,
    by: str | None = None,
    descending: bool = False,
    filter_: str | None = None,
) -> SetBrowser:
    """The table of a set.

    Parameters
    ----------
    traces
        Its rows.
    channel
        What colours them.
    by
        The column or expression that rows are sorted by. A column is seen at first.
    descending
        Whether the largest come first.
    filter_
        An expression of SQL that rows must fulfil.

    Raises
    ------
    ValueError
        If none of them has the channel.
    """
    from tokenviz.browse.browser import SetBrowser
    from tokenviz.data.channels import CHANNELS

    look: dict[str, Any] = {}
    if channel is not None:
        look["channel"] = channel_of(channel)
        known = [*CHANNELS, *(one for one in traces.channels if one not in CHANNELS)]
        if look["channel"] not in known:
            raise ValueError(f"channel: expected one of {', '.join(known)}, got {channel!r}")
    browser = SetBrowser(traces, columns=_columns(traces, by), **look)
    if by is not None:
        browser.sort(by, descending=descending)
    if filter_ is not None:
        browser.filter(filter_)
    return browser


def save_table(
    chosen: TraceSet,
    path: str,
    *,
    title: str,
    remark: str = "",
    channel: str | None = None,
    by: str | None = None,
    descending: bool = False,
) -> None:
    """Write the page of some rows, which are in the order of ``by`` already."""
    from tokenviz.export.html import save

    if len(chosen) > _MANY:
        complain(f"writing a page of {len(chosen):,} traces", "note")
    # A page computes nothing: it can sort by a column, and not by an expression.
    is_column = by is not None and by in chosen.columns
    browser = browser_of(
        chosen, channel=channel, by=by if is_column else None, descending=descending
    )
    said = f"<p>{escape(printable(remark))}</p>" if remark else ""
    heading = f'{_STYLE}<main class="tokenviz-browsed"><h1>{escape(printable(title))}</h1>{said}'
    save(browser, path, title=printable(title), before=heading, after="</main>")


def serve_table(
    traces: TraceSet,
    chosen: Chosen,
    *,
    is_cut: bool,
    title: str,
    remark: str,
    channel: str | None,
    filter_: str | None,
    port: int,
    is_opened: bool,
) -> None:
    """Serve the table until it is enough: rows stay here, however many they are.

    Parameters
    ----------
    traces
        All of them.
    chosen
        What is shown of them.
    is_cut
        Whether there is no more than that; otherwise filter and order can be taken back on the
        page.
    title, remark
        Of the page.
    channel, filter_
        As for :func:`browser_of`.
    port, is_opened
        Where it is served, and whether a browser is opened.
    """
    from tokenviz.serve.figure import ServedFigure
    from tokenviz.serve.loopback import Loopback

    browser = browser_of(
        chosen.rows if is_cut else traces,
        channel=channel,
        by=chosen.by,
        descending=chosen.descending,
        filter_=None if is_cut else filter_,
    )
    enough = threading.Event()
    served = ServedFigure(browser, printable(title), enough.set, printable(remark))
    with Loopback(served.routes, port) as server:
        announce(server.address, is_opened)
        try:
            wait_for(enough)
        finally:
            served.close()


def _columns(traces: TraceSet, by: str | None) -> list[str]:
    """What it is sorted by, the user's columns that tell rows apart, and what is usual."""
    from tokenviz.browse.columns import shown_at_first, table_columns

    table = table_columns(traces)
    known = [one["name"] for one in table]
    own = traces.metadata_columns
    telling = [one for one in known if one in own and len(traces.queries.distinct(one, 2)) > 1]
    first = [by] if by is not None and by in known else []
    usual = [one for one in shown_at_first(table) if one not in own]
    return [*dict.fromkeys([*first, *telling[:_OWN], *usual])]

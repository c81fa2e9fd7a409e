"""The page that a server's figure is on: a heading, what can be done, and the figure's place.

``js/glue/server.ts`` fills it.
"""

from __future__ import annotations

from html import escape

__all__ = ["POLICY", "served_page"]

POLICY = (
    "default-src 'none'; script-src 'self' blob:; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the browser may load for the page: what the server gives, and nothing from elsewhere."""

_STYLE = (
    "html{background:Canvas;color:CanvasText;color-scheme:light dark}"
    "body{margin:0;font:14px/1.4 system-ui,sans-serif}"
    "header{display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px;padding:8px 24px;"
    "border-bottom:1px solid color-mix(in srgb,CanvasText 20%,Canvas)}"
    "h2{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%)}"
    "h1{font-size:14px;font-weight:600;margin:0}"
    "header p{margin:0;flex:1 1 12em}"
    "header :is(a,button){font:inherit;font-size:13px;color:inherit;background:none;"
    "padding:4px 12px;"
    "border:1px solid color-mix(in srgb,CanvasText 55%,Canvas);border-radius:6px;"
    "text-decoration:none;cursor:pointer}"
    "header :is(a,button):hover{background:color-mix(in srgb,CanvasText 8%,Canvas)}"
    "header :is(a,button):focus-visible{outline:2px solid Highlight;outline-offset:2px}"
    "header button:disabled{opacity:.5;cursor:default}"
    "[data-tokenviz-ended] header a{display:none}"
    "main{padding:16px 24px}"
    "main>p{margin:0 0 12px}"
    "@media(max-width:480px){header{padding:8px}main{padding:8px}}"
    "@media print{header{display:none}html{color-scheme:light}}"
)


_NAMES = {"explorer": "Explorer", "set": "Traces"}


def served_page(title: str, kind: str, remark: str = "") -> str:
    """The page of a figure.

    Parameters
    ----------
    title
        Its heading.
    kind
        Of figures: ``"explorer"`` or ``"set"``, whose bundle the page loads.
    remark
        A sentence above the figure.
    """
    said = escape(title)
    above = f"<p>{escape(remark)}</p>" if remark else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{said}</title>\n<style>{_STYLE}</style>\n"
        '<script type="module" src="server.js"></script>\n</head>\n<body>\n'
        f"<header><h1>{said}</h1>"
        '<p role="status" data-tokenviz-served="status"></p>'
        f'<a href="{kind}.html" download="{kind}.html">Save page</a>'
        '<button type="button" data-tokenviz-served="quit">Quit</button></header>\n'
        # The explorer's own headings are of the third level, as they are in a notebook.
        f"<main><h2>{_NAMES[kind]}</h2>{above}"
        f'<div data-tokenviz-served="figure" data-tokenviz-instrument="{kind}"></div></main>\n'
        "<noscript>This page needs JavaScript.</noscript>\n"
        "</body>\n</html>\n"
    )

"""``tokenviz formats`` and ``tokenviz methods``: what there is."""

from __future__ import annotations

import typer

__all__ = ["formats", "methods"]


def formats() -> None:
    """List what “tokenviz view” reads: its name for --format, what it is, and what it carries."""
    from tokenviz.sources.table import FORMATS

    for kind in dict.fromkeys(one.kind for one in FORMATS):
        typer.echo(f"{kind}")
        for one in (one for one in FORMATS if one.kind == kind):
            typer.echo(f"  {one.name:30} {one.title}")
            for name, what in one.carries.items():
                typer.echo(f"  {'':30}   {name}: {what}")
        typer.echo()


def methods() -> None:
    """List the methods of “tokenviz attribute”: what each guarantees, costs and compares with."""
    from tokenviz._optional import require

    require("torch", feature="the list of methods", install="tokenviz-widget[models]")
    from tokenviz.model.attributing.methods.table import attribution_methods

    typer.echo(repr(attribution_methods()))

"""The command ``tokenviz``: what the library does, from a shell.

A command is a file; what it is given has the names that it has in Python. Nothing heavy is loaded
before it is needed: ``tokenviz --help`` knows of no model.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that the shell was given."""
    try:
        from tokenviz.cli.app import app

        app(prog_name="tokenviz")
    except KeyboardInterrupt:  # before the command began
        sys.exit(130)

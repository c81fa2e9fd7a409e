"""Build hook: the renderer's JavaScript is in every wheel and sdist.

`src/tokenviz/static/` is built from `js/` and is not in git. A build from a clone runs npm when the
files are missing; a build from an sdist finds them there and needs no Node. An editable install
builds nothing: it reads the working tree at run time, where `make js` writes the files.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC_FILES = (
    "loader.js",
    "widget.js",
    "explorer.js",
    "comparison.js",
    "set.js",
    "server.js",
    "page.js",
    "explorerpage.js",
    "comparisonpage.js",
    "setpage.js",
    "tokenviz.css",
    "explorer.css",
    "comparison.css",
    "set.css",
)


class JavaScriptBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the parameter is hatchling-internal
    """Run `npm ci && npm run build` when a built file is missing."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make sure that the static files exist before hatchling collects files."""
        root = Path(self.root)
        missing = missing_files(root)
        if not missing:
            return
        if version == "editable":
            self.app.display_warning(
                f"tokenviz: {', '.join(missing)} not built yet; run `make js` to draw figures"
            )
            return
        build_javascript(root, missing)


def missing_files(root: Path) -> list[str]:
    """Names of the built files that are not in `root`'s static folder."""
    return [name for name in STATIC_FILES if not (root / "src/tokenviz/static" / name).is_file()]


def build_javascript(root: Path, missing: list[str]) -> None:
    """Build the static files with npm, or say what is missing to do so."""
    what = (
        f"tokenviz needs its built JavaScript ({', '.join(missing)} missing in src/tokenviz/static)"
    )
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise RuntimeError(
            f"{what}, and building it needs Node.js 20 or newer with npm, which is not on the PATH."
            " Install Node.js (on Debian: apt-get install nodejs npm) and try again, "
            "or install a released wheel, which has the files."
        )
    for arguments in (["ci"], ["run", "build"]):
        completed = subprocess.run([npm, *arguments], cwd=root, check=False)
        if completed.returncode != 0:
            raise RuntimeError(
                f"{what}, and `npm {' '.join(arguments)}` in {root} ended with exit status "
                f"{completed.returncode}; its output above says why."
            )
    still_missing = missing_files(root)
    if still_missing:
        raise RuntimeError(
            f"`npm run build` ended well but did not write {', '.join(still_missing)}"
        )

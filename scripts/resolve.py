"""Choose exact versions for an environment, and write them as constraints for pip.

``python -m scripts.resolve lock requirements/lock.txt``
    the newest of everything that a make target installs, for Python 3.10 to 3.13
``python -m scripts.resolve lowest FILE``
    the lowest of what users install that pyproject.toml allows, for this Python; all else as locked
``python -m scripts.resolve newest FILE``
    the newest of everything, for this Python

torch stays the build of requirements/lock.in, unless ``--any-torch`` is given. A file that would
say the same again is not written, so that make leaves the environment alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.pins import LOCK, Pin, read_pins

BESIDE = Path("requirements/lock.in")
LOWEST_PYTHON = "3.10"

FOR_USERS = ("models", "figure", "export")
"""The extras that users install, whose ranges are to be true."""
HANDED_OVER = {"pandas"}
"""What only tests install, but users hand to us: its newest would ask for a newer numpy."""

HEADERS = {
    "lock": "What every make target installs, on Python 3.10 to 3.13. `make lock` renews it.",
    "lowest": "The lowest versions that pyproject.toml allows.",
    "newest": "The newest versions that there are.",
}


def compiled(*arguments: str | Path) -> list[Pin]:
    """What uv chooses for pyproject.toml and these arguments."""
    command = [sys.executable, "-m", "uv", "pip", "compile", f"--python={sys.executable}",
               "--quiet", "--no-header", "--no-annotate", "pyproject.toml",
               *map(str, arguments)]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return read_pins(done.stdout)


def extras(*names: str) -> list[str]:
    """As arguments."""
    return [f"--extra={name}" for name in names]


def lines(pins: Iterable[Pin]) -> str:
    """A line for each."""
    return "".join(f"{pin}\n" for pin in pins)


def lock() -> list[Pin]:
    """The newest of everything that is installed anywhere, with markers."""
    every_python = ("--universal", f"--python-version={LOWEST_PYTHON}")
    return compiled(BESIDE, "--all-extras", *every_python)


def lowest(beside: Path, folder: Path) -> list[Pin]:
    """The lowest of what users install; what tests need besides, and what that needs, as locked."""
    low = "--resolution=lowest-direct"
    of_users = {pin.name for pin in compiled("--no-deps", low, *extras(*FOR_USERS))}
    of_tests = [pin for pin in compiled("--no-deps", low, *extras("dev"))
                if pin.name not in of_users]  # fmt: skip
    handed_over = [pin for pin in of_tests if pin.name in HANDED_OVER]
    tools = {pin.name for pin in of_tests} - HANDED_OVER
    locked = read_pins(LOCK.read_text(encoding="utf-8"))

    asked = folder / "asked.in"
    asked.write_text(lines([*handed_over, *(pin for pin in locked if pin.name in tools)]))
    # uv keeps to what its output file says already, wherever that is possible.
    chosen = folder / "chosen.txt"
    direct = of_users | HANDED_OVER
    chosen.write_text(lines(pin for pin in locked if pin.name not in direct))
    compiled(beside, asked, low, *extras(*FOR_USERS), f"--output-file={chosen}")
    return read_pins(chosen.read_text(encoding="utf-8"))


def newest(beside: Path) -> list[Pin]:
    """The newest of everything for this interpreter."""
    return compiled(beside, *extras("dev"))


def without_torch(text: str) -> str:
    """What is asked for beside pyproject.toml, but torch."""
    kept = [line for line in text.splitlines() if not line.startswith("torch==")]
    return "\n".join(kept) + "\n"


def main() -> None:
    """Write the file that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("environment", choices=HEADERS)
    parser.add_argument("file", type=Path)
    parser.add_argument("--any-torch", action="store_true", help="let the ranges say which torch")
    asked = parser.parse_args()

    with TemporaryDirectory() as name:
        folder = Path(name)
        beside = BESIDE
        if asked.any_torch:
            beside = folder / BESIDE.name
            beside.write_text(without_torch(BESIDE.read_text(encoding="utf-8")))
        if asked.environment == "lock":
            pins = lock()
        elif asked.environment == "lowest":
            pins = lowest(beside, folder)
        else:
            pins = newest(beside)

    text = f"# {HEADERS[asked.environment]}\n{lines(pins)}"
    if asked.file.is_file() and asked.file.read_text(encoding="utf-8") == text:
        return
    asked.file.parent.mkdir(parents=True, exist_ok=True)
    asked.file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

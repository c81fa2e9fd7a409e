"""The versions of what pictures depend on and pip and npm do not install: the browser, the fonts.

``requirements/system.txt`` has those with which the pictures in docs/ were last taken or compared.
Debian keeps no old versions, so they cannot be asked for; they can be told apart.
``python -m scripts.system_versions`` prints what differs here, with ``--write`` it writes the file
anew.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).parents[1] / "requirements" / "system.txt"
HEADER = """\
# Debian's packages with which the pictures in docs/ were last taken or compared. `make lock` and
# `make screenshots` write this file; the suite says which versions differ.
"""


def written() -> dict[str, str]:
    """Package → version, as the file has them."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {
        name: version
        for name, _, version in (line.partition(" ") for line in lines)
        if version and not name.startswith("#")
    }


def installed(names: list[str]) -> dict[str, str]:
    """Package → version, of those that Debian's package manager has installed here."""
    command = ["dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # not a Debian
        return {}
    pairs = (line.split() for line in done.stdout.splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def differences() -> str:
    """What is installed here in another version than the file says, in words; empty if nothing."""
    expected = written()
    here = installed(list(expected))
    return ", ".join(
        f"{name} {here.get(name, 'is missing')} (pictures: {version})"
        for name, version in expected.items()
        if here.get(name) != version
    )


def write() -> None:
    """Write down what is installed here, where all of it is."""
    expected = written()
    here = installed(list(expected))
    missing = expected.keys() - here.keys()
    if missing:
        print(f"{FILE.name} stays as it is: {', '.join(sorted(missing))} not installed by dpkg")
        return
    lines = "".join(f"{name} {here[name]}\n" for name in expected)
    FILE.write_text(HEADER + lines, encoding="utf-8")


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        write()
    else:
        print(differences() or "as written down")

"""Which room imports which, in Python and in TypeScript: read from the files, checked, drawn.

``python scripts/rooms.py`` says what goes against the order, and writes the picture into
docs/architecture.md. A room is a folder (or a file that stands alone); it may import the rooms
below it in the lists here. What is imported only inside a function, or for types, is *deferred*: it
loads nothing with the room, and is listed one by one.
"""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

PYTHON = (
    "cli", "serve", "distributed", "sources", "browse", "explore", "live", "export", "widget",
    "scorers", "model", "model/attributing", "model/attributing/methods", "model/scoring",
    "model/attributing/engine",
    "model/attributing/asking", "model/decoder", "model/tracing", "model/text", "model/running",
    "wire", "tiles", "examples", "sets", "data", "color", "base",
)  # fmt: skip
"""Rooms of src/tokenviz, each above what it may import; "base" are the files with an underscore."""

TYPESCRIPT = (
    "glue", "serve", "explore", "compare", "set", "trace", "heatmap", "figure", "controls", "a11y",
    "canvas", "state", "live", "wire", "data", "color", "dom",
)  # fmt: skip
"""Rooms of js."""

DEFERRED = {
    ("data", "explore"): "a tree's show() makes an explorer",
    ("data", "widget"): "show() makes a figure, save() a picture",
    ("data", "model"): "faithfulness() is given one",
    ("data", "model/attributing"): "faithfulness() asks a model",
    ("tiles", "widget"): "show() makes a figure",
    ("widget", "export"): "save() and a cell's output write a page",
    ("export", "explore"): "a state that is read may be an explorer's",
    ("export", "browse"): "a state that is read may be a browser's",
    ("sets", "browse"): "show() makes a browser",
    ("model", "explore"): "explore() gives an explorer",
    ("model", "live"): "generate(stream=True) gives a figure that fills",
}
"""Arrows against the order that are drawn dashed, and why they are there."""

START, END = "<!-- rooms: written by python scripts/rooms.py -->", "<!-- end of rooms -->"
_FACES = ("__init__.py", "__main__.py")
"""What stands before all rooms: the package as it is imported, and as it is run."""
_PAGE = ROOT / "docs/architecture.md"
_IMPORT = re.compile(r'(?:from|import)\s*\(?\s*"(\.[^"?]+)[^"]*"')


@dataclass(frozen=True)
class Import:
    """One file that imports another, both by their paths below the root of their language."""

    importer: str
    imported: str
    deferred: bool = False


def python_imports(package: Path) -> Iterator[Import]:
    """What the files of a package import of each other; packages stand for their ``__init__``."""
    for file in sorted(package.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        at_once = set(_loaded_with(tree))
        for node in ast.walk(tree):
            for imported in _imported(package, node):
                if imported != file:
                    yield Import(
                        file.relative_to(package).as_posix(),
                        imported.relative_to(package).as_posix(),
                        node not in at_once,
                    )


def typescript_imports(folder: Path) -> Iterator[Import]:
    """What the files of js/ import of each other; tests import what they like."""
    for file in sorted(folder.rglob("*.ts")):
        if "test" in file.name:
            continue
        own = file.relative_to(folder).as_posix()
        for name in _IMPORT.findall(file.read_text(encoding="utf-8")):
            imported = posixpath.normpath(posixpath.join(posixpath.dirname(own), name))
            if imported.endswith(".ts"):
                yield Import(own, imported)


def room_of(path: str, rooms: Iterable[str]) -> str | None:
    """The innermost room that a file is in; None for the face of the package."""
    inside = [room for room in rooms if path.startswith(f"{room}/") or path in _files(room)]
    if not inside and "/" not in path and path.startswith("_") and path not in _FACES:
        return "base"
    return max(inside, key=len, default=None)


def arrows(imports: Iterable[Import], rooms: tuple[str, ...]) -> dict[tuple[str, str], bool]:
    """From room to room, and whether all imports behind it are deferred."""
    found: dict[tuple[str, str], bool] = {}
    for one in imports:
        ends = room_of(one.importer, rooms), room_of(one.imported, rooms)
        if ends[0] is not None and ends[1] is not None and ends[0] != ends[1]:
            pair = ends[0], ends[1]
            found[pair] = found.get(pair, True) and one.deferred
    return found


def against(
    imports: Iterable[Import],
    rooms: tuple[str, ...],
    deferred: Mapping[tuple[str, str], str] = DEFERRED,
) -> list[str]:
    """Imports that go up the order, but for the deferred ones that are listed."""
    place = {room: number for number, room in enumerate(rooms)}
    wrong = []
    for one in imports:
        importer, imported = room_of(one.importer, rooms), room_of(one.imported, rooms)
        if importer is None or imported is None or importer == imported:
            continue
        allowed = one.deferred and (importer, imported) in deferred
        if place[importer] > place[imported] and not allowed:
            wrong.append(f"{one.importer} imports {one.imported}: {importer} is below {imported}")
    return sorted(set(wrong))


def circles(imports: Iterable[Import]) -> list[list[str]]:
    """Files that import each other in a circle when they are loaded."""
    needs: dict[str, set[str]] = defaultdict(set)
    for one in imports:
        if not one.deferred:
            needs[one.importer].add(one.imported)
    found: list[list[str]] = []
    while needs:
        # Who needs nobody that is left is in no circle.
        while leaves := [file for file, needed in needs.items() if not needed & needs.keys()]:
            for file in leaves:
                del needs[file]
        if not needs:
            break
        # All that are left need one another: walk until a file comes again.
        path = [min(needs)]
        while (following := min(needs[path[-1]] & needs.keys())) not in path:
            path.append(following)
        found.append(path[path.index(following) :])
        for file in found[-1]:
            del needs[file]
    return found


def picture() -> str:
    """Both languages' rooms and arrows as Mermaid, with what is behind dashed ones."""
    lines = [START, ""]
    for title, rooms, imports in (
        ("Python", PYTHON, list(python_imports(ROOT / "src/tokenviz"))),
        ("TypeScript", TYPESCRIPT, list(typescript_imports(ROOT / "js"))),
    ):
        found = arrows(imports, rooms)
        plain = _reduced({pair for pair, deferred in found.items() if not deferred})
        lines += [f"{title}: {len(rooms)} rooms, {len(found)} arrows.", "", "```mermaid"]
        lines.append("flowchart TD")
        lines += [f'  {_id(room)}["{room}"]' for room in rooms]
        lines += [f"  {_id(a)} --> {_id(b)}" for a, b in _sorted(plain, rooms)]
        dashed = [pair for pair, deferred in found.items() if deferred and pair in DEFERRED]
        lines += [f"  {_id(a)} -.-> {_id(b)}" for a, b in _sorted(dashed, rooms)]
        lines += ["```", ""]
    lines += ["An arrow that follows from two others is left out. Dashed, against the order:"]
    lines += [f"`{a}` uses `{b}` when asked: {why}." for (a, b), why in DEFERRED.items()]
    return "\n".join([*lines, "", END])


def drawn(page: str) -> str:
    """A page with the picture between its marks."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return before + picture() + after


def main() -> None:
    """Check, and write the picture."""
    wrong = [*against(python_imports(ROOT / "src/tokenviz"), PYTHON)]
    wrong += against(typescript_imports(ROOT / "js"), TYPESCRIPT, {})
    for name in ("src/tokenviz", "benchmarks", "training", "scripts"):
        wrong += [f"circle: {' → '.join(c)}" for c in circles(python_imports(ROOT / name))]
    wrong += [f"circle: {' → '.join(c)}" for c in circles(typescript_imports(ROOT / "js"))]
    _PAGE.write_text(drawn(_PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print("\n".join(wrong) or "every import follows the order")
    sys.exit(bool(wrong))


def _loaded_with(node: ast.AST) -> Iterator[ast.AST]:
    """The statements that run when a module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _loaded_with(child)


def _imported(package: Path, node: ast.AST) -> Iterator[Path]:
    """The files of the package that a statement imports, or imports from."""
    if isinstance(node, ast.Import):
        names = [(alias.name, alias.name) for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        # A name is a module of its own, or stands in the one that it is imported from.
        names = [(f"{node.module}.{alias.name}", node.module) for alias in node.names]
    else:
        names = []
    for candidates in names:
        files = (_file_of(package, name) for name in candidates)
        found = next((file for file in files if file is not None), None)
        if found is not None:
            yield found


def _file_of(package: Path, name: str) -> Path | None:
    """The file of a module of the package; of a name in a module, nothing."""
    head, *parts = name.split(".")
    if head != package.name or not parts:
        return None
    path = package.joinpath(*parts)
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def _files(room: str) -> tuple[str, str]:
    """A room that is a file."""
    return f"{room}.py", f"{room}.ts"


def _reduced(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Arrows without those that follow from others."""
    after: dict[str, set[str]] = defaultdict(set)
    for a, b in pairs:
        after[a].add(b)

    def reached(start: str) -> set[str]:
        return after[start].union(*(reached(b) for b in after[start])) if after[start] else set()

    return {(a, b) for a, b in pairs if not any(b in reached(other) for other in after[a] - {b})}


def _sorted(pairs: Iterable[tuple[str, str]], rooms: tuple[str, ...]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: (rooms.index(pair[0]), rooms.index(pair[1])))


def _id(room: str) -> str:
    return room.replace("/", "_")


if __name__ == "__main__":
    main()

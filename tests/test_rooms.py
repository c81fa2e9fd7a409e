"""The house as docs/architecture.md draws it: arrows point one way, nothing turns in circles."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import rooms
from scripts.rooms import PYTHON, ROOT, TYPESCRIPT, Import, against, circles, room_of

OURS = {
    "python": (PYTHON, list(rooms.python_imports(ROOT / "src/tokenviz")), rooms.DEFERRED),
    "typescript": (TYPESCRIPT, list(rooms.typescript_imports(ROOT / "js")), {}),
}


@pytest.mark.parametrize("language", OURS)
def test_every_import_follows_the_order(language: str) -> None:
    order, imports, deferred = OURS[language]
    assert len(imports) > 100
    assert against(imports, order, deferred) == []


@pytest.mark.parametrize("name", ["src/tokenviz", "benchmarks", "training", "scripts", "tests"])
def test_no_python_files_need_each_other(name: str) -> None:
    assert circles(rooms.python_imports(ROOT / name)) == []


def test_no_typescript_files_need_each_other() -> None:
    assert circles(OURS["typescript"][1]) == []


def test_every_file_is_in_a_room() -> None:
    package, js = ROOT / "src/tokenviz", ROOT / "js"
    python = [file.relative_to(package).as_posix() for file in package.rglob("*.py")]
    faces = ["__init__.py", "__main__.py"]
    assert sorted(file for file in python if room_of(file, PYTHON) is None) == faces
    scripts = [file.relative_to(js).as_posix() for file in js.rglob("*.ts")]
    outside = [file for file in scripts if room_of(file, TYPESCRIPT) is None]
    assert sorted(outside) == ["build.d.ts", "bundled.d.ts", "testing.ts"]


def test_nothing_below_the_face_of_a_model_knows_it() -> None:
    importers = {i.importer for i in OURS["python"][1] if i.imported == "model/language_model.py"}
    above = {"__init__.py", "model/loading.py", "model/exploring.py", "explore/explorer.py"}
    above |= {"browse/exploring.py"}  # rows of a set are explored with one
    above |= {"cli/options.py"}  # commands load one by its name
    above |= {"distributed/steps.py"}  # each actor holds one
    above |= {"sources/texts.py"}  # texts without log-probabilities ask a model for them
    assert importers == {*above, "data/attribution.py"}


def test_the_page_shows_the_house_as_it_is() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert rooms.drawn(page) == page, "run python scripts/rooms.py"


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    package = tmp_path / "tokenviz"
    files = {
        "data/trace.py": "from tokenviz.model.text import prompt\n",
        "model/text/prompt.py": "def late():\n    from tokenviz.live.trace import LiveTrace\n",
        "live/trace.py": "import tokenviz.live.writing\n",
        "live/writing.py": "if TYPE_CHECKING:\n    from tokenviz.live import trace\n",
        "color/scale.py": "from tokenviz.color.range import Range\n",
        "color/range.py": "from tokenviz.color.scale import ColorScale\n",
    }
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text, encoding="utf-8")
    found = list(rooms.python_imports(package))
    assert Import("live/writing.py", "live/trace.py", deferred=True) in found
    assert [line.split(":")[0] for line in against(found, PYTHON)] == [
        "data/trace.py imports model/text/prompt.py",
        "model/text/prompt.py imports live/trace.py",
    ]
    assert circles(found) == [["color/range.py", "color/scale.py"]]

"""The wheel and the sdist, built and installed as a user would."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.distributions import (
    EXTRA,
    FIGURES,
    NEEDS_AN_EXTRA,
    build,
    check_pages,
    empty_environment,
    install,
    run,
)
from scripts.versions import version
from tests.environment import ROOT, constraints

STATIC = {
    f"tokenviz/static/{name}"
    for name in ("loader.js", "widget.js", "server.js", "page.js", "tokenviz.css")
}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from that sdist where there is no Node."""
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an otherwise empty environment with the wheel and what it requires."""
    python = empty_environment(tmp_path_factory.mktemp("environment"))
    (wheel,) = dist.glob("*.whl")
    install(python, wheel, constraints=constraints())
    return python


def test_wheel_holds_renderer_model_examples_and_templates(dist: Path) -> None:
    (wheel,) = dist.glob("tokenviz_widget-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(n for n in names if n.endswith("/METADATA"))).decode()
        (entry_points,) = [
            archive.read(n).decode() for n in names if n.endswith("/entry_points.txt")
        ]
    assert names >= STATIC
    assert names >= {
        "tokenviz/demo/model.safetensors",
        "tokenviz/demo/tokenizer.json",
        "tokenviz/examples/attribution.json",
        "tokenviz/examples/trace.json",
        "tokenviz/export/templates/tokenviz/index.html.j2",
        "tokenviz/export/templates/tokenviz/conf.json",
        "tokenviz/py.typed",
    }
    assert {name.split("/")[0] for name in names} == {
        "tokenviz",
        f"tokenviz_widget-{version(ROOT)}.dist-info",
    }
    assert not any(name.endswith((".ts", ".map")) for name in names)
    assert "Name: tokenviz-widget\n" in metadata
    assert "tokenviz_html = tokenviz.export.nbconvert:TokenvizHTMLExporter" in entry_points
    assert wheel.stat().st_size < 12_000_000


def test_sdist_holds_sources_and_the_built_renderer(dist: Path) -> None:
    (sdist,) = dist.glob("tokenviz_widget-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {f"src/{name}" for name in STATIC}
    assert names >= {
        "js/glue/widget.ts", "js/glue/page.ts", "package.json", "package-lock.json",
        "hatch_build.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md",
    }  # fmt: skip
    assert not any("node_modules" in name or ".venv" in name for name in names)


def test_installed_wheel_saves_a_page_of_each_figure(installed: Path, tmp_path: Path) -> None:
    run(installed, "-W", "error", "-c", FIGURES, path="", cwd=tmp_path)
    check_pages(tmp_path)


def test_the_command_is_installed(installed: Path, tmp_path: Path) -> None:
    command = installed.with_name("tokenviz")
    assert run(command, "--version", path="") == f"tokenviz {version(ROOT)}\n"
    save = "import tokenviz as tv; tv.examples.trace().save('t.json')"
    run(installed, "-c", save, path="", cwd=tmp_path)
    run(command, "view", "t.json", "-o", "t.html", path="", cwd=tmp_path)
    assert "tokenviz-figure" in (tmp_path / "t.html").read_text(encoding="utf-8")


def test_missing_extra_is_named(installed: Path, tmp_path: Path) -> None:
    assert EXTRA in run(installed, "-c", NEEDS_AN_EXTRA, path="", cwd=tmp_path)

"""The wheel and the sdist, built and installed as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = {
    f"tokenviz/static/{name}" for name in ("loader.js", "widget.js", "page.js", "tokenviz.css")
}


def run(*command: str | Path, path: str | None = None, cwd: Path = ROOT) -> str:
    """Run a command; with ``path``, as the whole PATH. Its output if it ends well."""
    environment = {**os.environ, **({} if path is None else {"PATH": path})}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from that sdist where there is no Node."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, path="")
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an otherwise empty environment with the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    (wheel,) = dist.glob("*.whl")
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
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
        "tokenviz_widget-0.1.0.dist-info",
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
    script = (
        "import tokenviz as tv\n"
        "tv.examples.attribution().save('attribution.html')\n"
        "tv.examples.trace().show(colormap='viridis').save('trace.html')\n"
    )
    run(installed, "-c", script, cwd=tmp_path)
    for name, text in (("attribution", "1.3714"), ("trace", "&lt;/think&gt;")):
        page = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        assert text in page
        assert 'class="tokenviz-figure"' in page


def test_missing_extra_is_named(installed: Path, tmp_path: Path) -> None:
    script = (
        "import tokenviz as tv\n"
        "try:\n    tv.load_model()\n"
        "except ImportError as error:\n    print(error)\n"
    )
    assert "tokenviz-widget[models]" in run(installed, "-c", script, cwd=tmp_path)

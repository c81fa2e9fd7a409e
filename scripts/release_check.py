"""What is asked of a release: ``make release-check``, with TAG=v1.2.3 of one about to be published.

Versions, changelog and citation agree. The wheel and the sdist are built and each is installed as
users do, with the newest libraries that the ranges allow, into an environment that has neither Node
nor torch: pages are saved, and a browser draws their figures. With ``[models]`` the bundled model
writes a few tokens. A warning is an error throughout.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from scripts.distributions import (
    EXTRA,
    FIGURES,
    NEEDS_AN_EXTRA,
    ROOT,
    FailedError,
    build,
    check_pages,
    empty_environment,
    install,
    run,
)
from scripts.versions import problems
from tests.chromium import ARGUMENTS, EXECUTABLE, OfflinePages

GENERATES = """
import tokenviz as tv

trace = tv.load_model().generate("What is 43 x 34?", max_new_tokens=8, progress=False)
assert len(trace) == 8 and trace.text.strip(), trace
print(repr(trace.text))
"""


def check(distribution: Path, folder: Path) -> None:
    """Install one file into an empty environment, and use it."""
    folder.mkdir()
    python = empty_environment(folder / "environment")
    pages = folder / "pages"
    pages.mkdir()

    install(python, distribution)
    run(python, "-W", "error", "-c", FIGURES, path="", cwd=pages)
    check_pages(pages)
    draw(sorted(pages.iterdir()))
    if EXTRA not in run(python, "-c", NEEDS_AN_EXTRA, path="", cwd=pages):
        raise FailedError(f"load_model does not say that it needs {EXTRA}")
    print(f"{distribution.name}: shows figures without Node and torch")

    # torch is the locked build: any other would be gigabytes of what is not asked about here.
    torch = folder / "torch.txt"
    beside = (ROOT / "requirements/lock.in").read_text(encoding="utf-8").splitlines()
    torch.write_text("\n".join(line for line in beside if line.startswith("torch==")))
    install(python, f"{distribution}[models]", constraints=torch)
    offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    said = run(python, "-W", "error", "-c", GENERATES, path="", cwd=pages, **offline)
    print(f"{distribution.name}: with [models], the bundled model writes {said.strip()}")


def draw(pages: list[Path]) -> None:
    """Open pages in Chromium without a network, and see that the figure of each is drawn."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        with OfflinePages(chromium) as offline:
            for page in pages:
                opened = offline.open(page)
                opened.page.locator('.tokenviz[data-tokenviz-ready="true"] canvas').first.wait_for()
                opened.assert_quiet()
        chromium.close()


def main() -> int:
    """Check everything; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tag", help="the tag under which this is about to be published")
    tag = parser.parse_args().tag

    disagreements = problems(ROOT, tag)
    for problem in disagreements:
        print(problem, file=sys.stderr)
    if disagreements:
        return 1
    try:
        with TemporaryDirectory() as name:
            dist = Path(name) / "dist"
            build(dist)
            for distribution in sorted(dist.iterdir()):
                check(distribution, Path(name) / distribution.suffix.strip("."))
    except FailedError as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

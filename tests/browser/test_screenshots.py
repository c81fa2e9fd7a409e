"""The pictures in docs/ are what the code draws today."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser

from scripts import system_versions
from scripts.screenshots import DOCS, GALLERY, PICTURES, take


def blurred(path: Path, size: tuple[int, int]) -> np.ndarray:
    """A picture at a size where the rasters of two font versions look alike."""
    picture = Image.open(path).convert("RGB").resize(size, Image.Resampling.BOX)
    return np.asarray(picture).astype(int)


def test_pictures_in_the_documentation_are_current(browser: Browser, tmp_path: Path) -> None:
    other = system_versions.differences() or "none"
    why = f"run `make screenshots` and look at it (other versions than it was taken with: {other})"
    taken = take(browser, tmp_path)
    assert len(taken) == sum(len(picture.themes) for picture in PICTURES)
    for path in taken:
        kept = DOCS / path.relative_to(tmp_path)
        with Image.open(path) as now, Image.open(kept) as before:
            assert abs(now.width - before.width) <= 8, path.name
            assert abs(now.height - before.height) <= 8, path.name
            size = now.width // 8, now.height // 8
        difference = np.abs(blurred(path, size) - blurred(kept, size))
        assert difference.mean() < 4, f"{path.name}: {why}"
        assert (difference.max(axis=-1) > 64).mean() < 0.01, f"{path.name}: {why}"


def test_the_gallery_shows_every_picture_and_each_has_words() -> None:
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    names = set(re.findall(r"gallery/[\w-]+\.webp", text))
    assert names == {f"{GALLERY}/{path.name}" for path in (DOCS / GALLERY).iterdir()}
    assert all(alt.strip() for alt in re.findall(r'alt="([^"]*)"', text))

"""A save that fails leaves the older file; a reader beside writers never meets half of one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tokenviz.data.replacing import replacing

FORMATS = ("npz", "json", "html", "svg", "png", "pdf")

FULL_DISK = """
import resource, signal, sys
import tokenviz as tv
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
figure = tv.examples.trace().show()
figure.save(sys.argv[1].replace("figure", "other"))  # what a library makes once fits
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, limit[1]))
try:
    figure.save(sys.argv[1])
except Exception:  # matplotlib's PDF ends in one of zlib's
    print("refused")
"""


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_full_disk_leaves_the_older_file(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"figure.{suffix}"
    tv.examples.attribution().show().save(path)
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {path.name, f"other.{suffix}"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
def test_whatever_ends_it_leaves_the_older_file(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "figure.json"
    path.write_text("before")

    def half() -> None:
        with replacing(path) as place:
            place.write_text("half of")
            raise error

    with pytest.raises(error):
        half()
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]


def test_a_large_matrix_that_cannot_be_read_leaves_the_older_page(tmp_path: Path) -> None:
    class Failing:
        shape, dtype, ndim = (2000, 2000), np.dtype(np.float32), 2
        reads = 0

        def __getitem__(self, key: object) -> object:
            self.reads += 1
            if self.reads > 1:
                raise OSError("the disk is gone")
            zeros: Any = np.zeros(self.shape, np.float32)
            return zeros[key]

    path = tmp_path / "figure.html"
    tv.examples.trace().save(path)
    before = path.read_bytes()
    with pytest.raises(OSError, match="the disk is gone"):
        tv.LargeAttribution(Failing()).show().save(path)
    assert path.read_bytes() == before


def test_a_reader_beside_writers_finds_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "figure.npz"
    one, other = tv.examples.attribution(), tv.examples.trace()
    one.save(path)
    over = threading.Event()

    def write(source: tv.Attribution | tv.Trace) -> None:
        while not over.is_set():
            source.save(path)

    writers = [threading.Thread(target=write, args=(source,)) for source in (one, other)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(60):
            assert tv.load(path) in (one, other)
    finally:
        over.set()
        for writer in writers:
            writer.join()


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import tokenviz as tv
path, chance = Path(sys.argv[1]), random.Random(7)
figures = tv.examples.attribution().show(), tv.examples.trace().show()
for figure in figures:
    figure.save(path)
    print(path.stat().st_size)
def beside():
    return set(os.listdir(path.parent)) - {path.name}
for i in range(8):
    before = beside()
    child = os.fork()
    while not child:
        figures[i % 2].save(path)
    while beside() <= before:  # it has not begun to write
        pass
    time.sleep(chance.choice([0, chance.uniform(0, 0.1)]))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(path.stat().st_size, len(list(path.parent.iterdir())))
figure.save(path)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("suffix", FORMATS)
def test_whoever_is_killed_leaves_a_whole_file_and_little_beside(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"figure.{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    one, other, *after = (list(map(int, line.split())) for line in done.stdout.splitlines())
    assert len(after) == 8
    for size, files in after:
        assert min(abs(size - whole) for whole in one + other) < 64  # dates and ids differ
        assert files <= 2  # what the one that was killed had begun
    assert any(files == 2 for _, files in after)
    assert [path] == list(tmp_path.iterdir())


def test_what_somebody_still_writes_is_not_cleared_away(tmp_path: Path) -> None:
    """Nor what only looks like it."""
    for name in (".tokenviz-notes.html", "tokenviz-0123456789abcdef.html"):
        (tmp_path / name).touch()
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    with replacing(first) as one:
        one.write_text("one")
        with replacing(second) as other:
            assert one.read_text() == "one"
            other.write_text("other")
    assert (first.read_text(), second.read_text()) == ("one", "other")
    assert len(list(tmp_path.iterdir())) == 4


def test_links_and_permissions_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "figure.json", tmp_path / "latest.json"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path.name)
    tv.examples.trace().save(link)
    assert link.is_symlink() and tv.load(path) == tv.examples.trace()
    assert path.stat().st_mode & 0o777 == 0o640
    fresh = tmp_path / "fresh.json"
    umask = os.umask(0o027)
    try:
        tv.examples.trace().save(fresh)
    finally:
        os.umask(umask)
    assert fresh.stat().st_mode & 0o777 == 0o640


def test_what_is_no_plain_file_is_written_at_once() -> None:
    with replacing(Path(os.devnull)) as place:
        assert place == Path(os.devnull)
        place.write_text("nothing")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        tv.examples.trace().save(tmp_path / "nowhere" / "figure.json")

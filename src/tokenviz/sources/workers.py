"""Pieces of files read by several processes, in order.

Processes of their own, started by their own module: multiprocessing would run the user's script
again in each, or fork one in which threads hold locks.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import IO

from tokenviz.sources.format import Given
from tokenviz.sources.pieces import Found, Piece, read_piece

__all__ = ["read_pieces"]

_WORTH = 2**23
"""Bytes below which a process takes longer to start than the work."""

_MOST = 8
_AHEAD = 2  # pieces per process that are read before they are asked for


def read_pieces(
    pieces: Sequence[Piece], format_: str | None, given: Given, workers: int | None = None
) -> Iterator[Found]:
    """What is in each piece, in their order.

    Parameters
    ----------
    pieces, format_, given
        As for :func:`tokenviz.sources.pieces.read_piece`.
    workers
        How many processes; as many as there are cores, if the files are large enough.
    """
    count = min(len(pieces), _worth(pieces) if workers is None else workers)
    try:
        what = pickle.dumps((format_, given))
    except Exception:  # as a function of the user's that makes tokens
        count = 1
    if count < 2:
        yield from (read_piece(piece, format_, given) for piece in pieces)
        return
    processes = _Processes(what)
    with ThreadPoolExecutor(count, "tokenviz-read") as threads:
        try:
            waiting: deque[Future[Found]] = deque()
            for piece in pieces:
                waiting.append(threads.submit(processes.read, piece, format_, given))
                if len(waiting) > count * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
            processes.close()


def _worth(pieces: Sequence[Piece]) -> int:
    size = sum(
        piece.path.stat().st_size if piece.stop is None else piece.stop - piece.start
        for piece in pieces
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, _MOST) if size > _WORTH else 1


class _Processes:
    """A process for each thread that asks."""

    def __init__(self, what: bytes) -> None:
        self._what = what
        self._own = threading.local()
        self._all: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def read(self, piece: Piece, format_: str | None, given: Given) -> Found:
        """What is in a piece; where no process can be had, this one finds out."""
        process = getattr(self._own, "process", None) or self._start()
        self._own.process = process
        try:
            _send(process.stdin, pickle.dumps(piece))
            found: Found = pickle.loads(_receive(process.stdout))
        except (OSError, EOFError, pickle.PickleError):
            return read_piece(piece, format_, given)
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tokenviz.sources.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        with self._lock:
            self._all.append(process)
        with suppress(OSError):
            _send(process.stdin, self._what)
        return process

    def close(self) -> None:
        """End them all."""
        for process in self._all:
            for end in (process.stdin, process.stdout):
                with suppress(OSError):
                    if end is not None:
                        end.close()
            process.kill()
            process.wait()


def _send(pipe: IO[bytes] | None, content: bytes) -> None:
    assert pipe is not None
    pipe.write(len(content).to_bytes(8, "little") + content)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> bytes:
    assert pipe is not None
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    size = int.from_bytes(head, "little")
    content = pipe.read(size)
    if len(content) < size:
        raise EOFError
    return content


def _work() -> None:
    """Read what is asked for, until nobody asks."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes elsewhere
    format_, given = pickle.loads(_receive(sys.stdin.buffer))
    with suppress(EOFError):
        while True:
            piece = pickle.loads(_receive(sys.stdin.buffer))
            _send(answers, pickle.dumps(read_piece(piece, format_, given)))


if __name__ == "__main__":
    _work()

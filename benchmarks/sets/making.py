"""A large set of short traces, made by columns: no trace is ever built, so a million take seconds.

``python -m benchmarks.sets.making FOLDER [ROWS]`` writes one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.sets.arrow import arrow, arrow_type
from tokenviz.sets.schema import COLUMNS, FEW, LISTS, Facts, Tokenizer, own_types
from tokenviz.sets.writing import PART_ROWS, part_name, write_part

__all__ = ["make"]

pa = arrow()

SIZES = 8, 33
"""Tokens of a trace, from and up to."""

WORDS = [
    b" " + word
    for word in b"the of and to in is it was for on are as with his they at be this have from or "
    b"had by hot but some what there we can out other were all your when up use word how said an "
    b"each she which do their time if will way about many then them would write like so these her "
    b"long make thing see him two has look more day could go come did my sound no most number who "
    b"over know water than call first people may down side been now find".split()
]


def make(folder: Path, rows: int, *, seed: int = 0) -> Path:
    """Write a set of ``rows`` rollouts, with a reward, a step, a prompt's id and an advantage."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    facts = Facts(tokenizer=Tokenizer("words"), distributions=("model",))
    for number, start in enumerate(range(0, rows, PART_ROWS)):
        size = min(PART_ROWS, rows - start)
        write_part(_part(draw, start, size), folder / part_name("made", number), facts)
    return folder


def _part(draw: np.random.Generator, start: int, rows: int) -> Any:
    sizes = draw.integers(*SIZES, rows)
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    n = int(ends[-1])
    ids = draw.integers(0, len(WORDS), n).astype(np.int32)
    content, lengths = _text(ids)
    places = np.concatenate([[0], np.cumsum(lengths)])
    cuts = places[ends]
    logprobs = -draw.gamma(0.3, 1.5, n).astype(np.float32)
    advantage = draw.normal(0, 1, n).astype(np.float32)
    mask = draw.random(n) < 0.9
    worst = np.minimum.reduceat(logprobs, ends[:-1])
    owner = np.repeat(np.arange(rows), sizes)
    within = np.arange(n) - ends[:-1].astype(np.int64)[owner]
    total = np.add.reduceat(logprobs.astype(np.float64), ends[:-1])
    low, high = (of.reduceat(advantage, ends[:-1]) for of in (np.minimum, np.maximum))
    share = np.add.reduceat(mask.astype(np.float64), ends[:-1]) / sizes
    given: dict[str, Any] = {
        "key": pa.array([f"{i:08}" for i in range(start, start + rows)]),
        "reward": pa.array(draw.beta(2, 2, rows)),
        "step": pa.array(draw.integers(0, 200, rows)),
        "prompt_id": pa.array([f"p{i}" for i in draw.integers(0, 5000, rows)]),
        "text": _cut(content, cuts, pa.string()),
        "n_tokens": sizes,
        "known_tokens": sizes,
        "sum_logprob": total,
        "mean_logprob": total / sizes,
        "worst_logprob": worst,
        "worst_at": _first(logprobs == worst[owner], within, owner, rows),
        "share_masked": 1 - share,
        "prompt_tokens": np.zeros(rows),
        "distribution": pa.array(["model"] * rows),
        "partial": np.zeros(rows, np.bool_),
        "mean.advantage": np.add.reduceat(advantage.astype(np.float64), ends[:-1]) / sizes,
        "min.advantage": low,
        "max.advantage": high,
        "argmin.advantage": _first(advantage == low[owner], within, owner, rows),
        "argmax.advantage": _first(advantage == high[owner], within, owner, rows),
        "share.loss_mask": share,
        "ids": _lists(ids, ends),
        "bytes": _cut(content, cuts, pa.binary()),
        "offsets": _offsets(lengths, ends, sizes),
        "logprobs": _lists(logprobs, ends),
        "channel.advantage": _lists(advantage, ends),
        "flag.loss_mask": _lists(mask, ends),
        "own_columns": pa.array([["channel.advantage", "flag.loss_mask"]]).take(
            pa.array(np.zeros(rows, np.int64))
        ),
    }
    channel, flag = own_types("channel", "advantage"), own_types("flag", "loss_mask")
    types = {
        "key": "string", "reward": "double", "step": "int64", "prompt_id": "string",
        **FEW, **dict([*channel.items()][1:]), **dict([*flag.items()][1:]),
        **LISTS, "channel.advantage": "list<float>", "flag.loss_mask": "list<bool>",
    }  # fmt: skip
    assert set(COLUMNS) <= types.keys()
    arrays = {}
    for name, kind in types.items():
        of, value = arrow_type(kind), given.get(name)
        value = pa.nulls(rows, of) if value is None else value
        arrays[name] = value if isinstance(value, pa.Array) else pa.array(value).cast(of)
    return pa.table(arrays)


def _text(ids: npt.NDArray[np.int32]) -> tuple[bytes, npt.NDArray[np.int64]]:
    """The bytes of all tokens end to end, and how many each has."""
    lengths = np.array([len(word) for word in WORDS])[ids]
    return b"".join([WORDS[i] for i in ids.tolist()]), lengths


def _first(
    holds: npt.NDArray[np.bool_], within: npt.NDArray[Any], owner: npt.NDArray[Any], rows: int
) -> npt.NDArray[Any]:
    """The first place in each row at which something holds."""
    out = np.zeros(rows, np.int64)
    at = np.flatnonzero(holds)[::-1]
    out[owner[at]] = within[at]
    return out


def _lists(values: npt.NDArray[Any], ends: npt.NDArray[Any]) -> Any:
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), pa.array(values))


def _offsets(
    lengths: npt.NDArray[Any], ends: npt.NDArray[np.int32], sizes: npt.NDArray[Any]
) -> Any:
    """Offsets of each row's bytes, one more than it has tokens."""
    places = np.concatenate([[0], np.cumsum(lengths)])
    stops = ends + np.arange(len(ends), dtype=np.int32)  # a row has one more than tokens
    row = np.repeat(np.arange(len(sizes)), sizes + 1)
    which = np.arange(int(stops[-1])) - row
    return _lists((places[which] - places[ends[row]]).astype(np.int32), stops)


def _cut(content: bytes, cuts: npt.NDArray[Any], of: Any) -> Any:
    """A text of each row, from the bytes of all."""
    buffers = [None, pa.py_buffer(cuts.astype(np.int32).tobytes()), pa.py_buffer(content)]
    return pa.Array.from_buffers(of, len(cuts) - 1, buffers)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)

"""``tv.load`` on files that are nearly right: a ValueError that names the file, or a sound one."""

from __future__ import annotations

import io
import json
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

import tokenviz as tv
from tests.fuzz.damage import broken_bytes, broken_json, odd
from tokenviz.data.tree import Answer, Branch, Change, Origin, Outcome, Question

_FOLDER = tempfile.TemporaryDirectory()
_PLACE = Path(_FOLDER.name)
_TREE = tv.TraceTree(
    ["p", tv.Token(b"\xf0", id=3)],
    [
        Branch(
            tv.Trace(["a", "b"], [-1.0, np.nan], [[("c", -3.0)], []], channels={"loss": [1, 2]},
                     ranks=[1, 0], notes={"temperature": "0.5"}, model="m"),
            None, 0, "root", Origin("written", options={"seed": 3, "stop": ["a", "b"]}),
        ),
        Branch(tv.Trace(["c"], [-3.0]), 0, 0, "fork", Origin("alternative", 1, slot=1)),
        Branch(tv.Trace(["d"], [-2.0], partial=True), 1, 1, "", Origin("text", 1, text="d")),
    ],
    [
        Answer(
            Question(0, 0, 1, 1, 0, "m"),
            tv.Attribution([[0.5], [-0.0]], ["p", "p"], [tv.Token("a")], prompt_ids=[5, 6],
                           spans=[[0], [1]], standard_error=[0, 1], completeness_error=[0.1]),
        ),
        Answer(Question(1, 0, 1, method="m"), tv.Attribution([[1], [2]], ["p", "p"], ["c"])),
    ],
    [Outcome(Change(2, 0, 1, "replace", "q"), tv.Trace(["c", "d"], [-1, -2], prompt=["q"]))],
    prompt_roles=["user", "template"], prompt_turns=[0, 1],
)  # fmt: skip
_SOURCES: list[tv.Attribution | tv.Comparison | tv.Trace | tv.TraceTree] = [
    tv.Attribution(
        [[0.5, np.nan], [-1.0, np.inf]], ["a", tv.Token(b"\xf0", id=3)], ["x", tv.Token("y")],
        completeness_error=[0.1, 0.2], standard_error=[[0, 1], [2, 3]], prompt_ids=[5, 6],
        spans=[[0], [1]], roles=["user", None], grouping="word", terms=[[(1.0, [1], 0)]] * 2,
        seconds=0.5, positions=3, n_steps=8,
    ),
    tv.Attribution(np.zeros((0, 2)), [], ["a", "b"]),
    tv.Trace(["a", "b", "a"], [-1.0, -2.0, np.nan], [[("c", -3.0)], [], [("d", -1), ("e", -2)]],
             ranks=[1, 2, 0], prompt=["p"], channels={"loss": [1.0, 2.0, 3.0]}),
    tv.Trace([], []),
    tv.Comparison(
        tv.Trace(["a", "b"], [-1.0, np.nan], [[("c", -3.0)], []], ranks=[1, 0]),
        tv.Trace(["a", "b"], [-2.0, -1.0], channels={"loss": [1, 2]}, flags={"mask": [0, 1]}),
        names=["x", "y"], kl=[[0.5, np.nan]] * 2, js=[0.1, np.nan], left_out=["z"],
    ),
    tv.Comparison(tv.Trace(["ab"], [-1.0]), tv.Trace(["a", "b"], [-2.0, -1.0])),
    _TREE,
    tv.TraceTree.of(tv.Trace([], [])),
]  # fmt: skip


def _saved(source: tv.Attribution | tv.Comparison | tv.Trace | tv.TraceTree, suffix: str) -> bytes:
    return source.save(_PLACE / f"sound{suffix}").read_bytes()


_ARCHIVES = [_saved(source, ".npz") for source in _SOURCES]
_TEXTS = [_saved(source, ".json") for source in _SOURCES]


def _members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return {name: file.read(name) for name in file.namelist()}


def _npy(array: Any) -> bytes:
    packed = io.BytesIO()
    np.save(packed, array, allow_pickle=True)
    return packed.getvalue()


_DTYPES = ["<f4", ">f4", "<f8", "<f2", "<u4", "<i8", "<c8", "O", "U3", "M8[s]", "b", "u1"]


@st.composite
def _member(draw: st.DrawFn, sound: bytes) -> bytes:
    match draw(st.sampled_from(["bytes", "array", "bomb", "nothing"])):
        case "bytes":
            return draw(broken_bytes(sound))
        case "array":
            shape = draw(st.lists(st.integers(0, 4), max_size=3))
            array: Any = np.zeros(shape, draw(st.sampled_from(_DTYPES)))
            return _npy(np.asfortranarray(array) if draw(st.booleans()) else array)
        case "bomb":
            return sound + b"\0" * draw(st.sampled_from([1, 4, 10**6, 10**7]))
    return b""


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """An ``.npz`` with something wrong in it, or around it."""
    sound = draw(st.sampled_from(_ARCHIVES))
    if draw(st.booleans()):
        return draw(broken_bytes(sound))
    members = list(_members(sound).items())
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(members) - 1))
        name, content = members[at]
        match draw(st.sampled_from(["member", "header", "add", "double", "remove"])):
            case "member":
                members[at] = name, draw(_member(content))
            case "header":
                facts = json.loads(np.load(io.BytesIO(_members(sound)["header.npy"])).tobytes())
                broken = json.dumps(draw(broken_json(facts))).encode()
                content = _npy(np.frombuffer(broken, np.uint8))
                members = [m for m in members if m[0] != "header.npy"] + [("header.npy", content)]
            case "add":
                added = draw(st.text(max_size=6) | st.sampled_from(["tokens.npy", "../a.npy"]))
                members.append((added, content))
            case "double":
                members.append(members[at])
            case "remove" if len(members) > 1:
                del members[at]
    packed = io.BytesIO()
    kind = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]))
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", kind) as file:
        warnings.simplefilter("ignore")  # zipfile warns of double names
        for name, content in members:
            file.writestr(name.replace("\0", "") or "a", content)
    return packed.getvalue()


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """A ``.json`` with something wrong in it."""
    sound = draw(st.sampled_from(_TEXTS))
    match draw(st.sampled_from(["bytes", "structure", "structure", "array", "deep"])):
        case "bytes":
            return draw(broken_bytes(sound))
        case "structure":
            return json.dumps(draw(broken_json(json.loads(sound)))).encode("utf-8", "replace")
        case "array":
            facts = json.loads(sound)
            facts[draw(st.sampled_from(list(facts)))] = draw(odd)
            return json.dumps(facts).encode("utf-8", "replace")
    deep = draw(st.sampled_from([b"[", b'{"a":', b'"\\"', b"[{"]))
    return deep * draw(st.sampled_from([100, 5000, 200_000]))


EXAMPLES = st.tuples(st.just(".npz"), archives()) | st.tuples(st.just(".json"), texts())


def check(example: tuple[str, bytes]) -> None:
    """Load it: a ValueError names the file; what is loaded is what is saved."""
    suffix, content = example
    path = _PLACE / f"odd{suffix}"
    path.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            loaded = tv.load(path)
    except ValueError as error:
        assert path.name in str(error) and "memory" not in str(error), error
        assert len(str(error)) < 600
        return
    assert isinstance(loaded, tv.Attribution | tv.Comparison | tv.Trace | tv.TraceTree)
    assert tv.load(loaded.save(_PLACE / f"again{suffix}")) == loaded

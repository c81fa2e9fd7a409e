"""Files that anybody may have written: what is wrong with one is a ValueError with its name."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tokenviz.data.tree import Answer, Branch, Change, Origin, Outcome, Question

ATTRIBUTION = tv.Attribution(
    [[0.5, -1.0], [np.nan, np.inf]], ["a", tv.Token(b"\xf0", id=3)], ["x", tv.Token("y")],
    completeness_error=[0.1, 0.2],
)  # fmt: skip
TRACE = tv.Trace(["a", "b"], [-1.0, -2.0], [[("c", -3.0)], []], channels={"loss": [1.0, 2.0]})
TREE = tv.TraceTree(
    ["p"],
    [
        Branch(
            tv.Trace(["a", "b"], [-1.0, -2.0], [[("c", -3.0)], []]),
            None, 0, "root", Origin("written"),
        ),
        Branch(tv.Trace(["c"], [-3.0]), 0, 0, "fork", Origin("alternative", 1, slot=1)),
    ],
    [Answer(Question(0, 1, 2, method="m"), tv.Attribution([[0.5], [1.0]], ["p", "a"], ["b"]))],
    [Outcome(Change(1, 0, 1, "delete"), tv.Trace(["c"], [-4.0]))],
)  # fmt: skip


def refused(path: Path, *words: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="path: ") as caught:
        tv.load(path)
    said = str(caught.value)
    assert path.name in said and len(said) < 600, said
    for word in words:
        assert word in said, said
    assert time.process_time() - began < 2


def archive(path: Path, members: dict[str, Any], **options: Any) -> Path:
    with zipfile.ZipFile(path, "w", options.pop("compression", zipfile.ZIP_DEFLATED)) as file:
        for name, content in members.items():
            if not isinstance(content, bytes):
                packed = io.BytesIO()
                np.save(packed, content, allow_pickle=True)
                content = packed.getvalue()
            file.writestr(name, content)
    return path


def members_of(source: tv.Attribution | tv.Trace | tv.TraceTree, tmp_path: Path) -> dict[str, Any]:
    with np.load(source.save(tmp_path / "sound.npz")) as loaded:
        return {f"{name}.npy": loaded[name] for name in loaded.files}


def header(**facts: Any) -> Any:
    return np.frombuffer(json.dumps(facts).encode(), np.uint8)


def plain(tokens: int = 1, targets: int = 1, **facts: Any) -> Any:
    begun = {"format": "tokenviz.attribution", "version": 1}
    names = {"tokens": ["a"] * tokens, "targets": ["x"] * targets}
    return header(**(begun | names | facts))


def named(tokens: Any) -> Any:
    begun = {"format": "tokenviz.attribution", "version": 1}
    return header(**begun, tokens=tokens, targets=["x", "y"])


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "unknown member": (lambda m: m.update({"more.npy": np.zeros(2, np.float32)}), "more"),
    "unknown file": (lambda m: m.update({"readme.txt": b"hello"}), "readme.txt"),
    "no values": (lambda m: m.pop("values.npy"), "values is missing"),
    "no header": (lambda m: m.pop("header.npy"), "header is missing"),
    "shape": (lambda m: m.update({"values.npy": np.zeros((4, 1), np.float32)}), "(2, 2)"),
    "flat": (lambda m: m.update({"values.npy": np.zeros(4, np.float32)}), "(2, 2)"),
    "float64": (lambda m: m.update({"values.npy": np.zeros((2, 2))}), "float64"),
    "complex": (lambda m: m.update({"values.npy": np.zeros((2, 2), complex)}), "values"),
    "objects": (lambda m: m.update({"values.npy": np.array([[{}, 1], [2, 3]])}), "values"),
    "dates": (lambda m: m.update({"values.npy": np.zeros((2, 2), "M8[s]")}), "values"),
    "columns first": (
        lambda m: m.update({"values.npy": np.asfortranarray(np.zeros((2, 2), np.float32))}),
        "values",
    ),
    "no array": (lambda m: m.update({"values.npy": b"nothing"}), "values"),
    "cut": (lambda m: m.update({"values.npy": _npy("<f4", "(2, 2)") + b"\0" * 15}), "size"),
    "too long": (lambda m: m.update({"values.npy": _npy("<f4", "(2, 2)") + b"\0" * 17}), "size"),
    "huge": (lambda m: m.update({"values.npy": _npy("<f4", "(99999999999, 99999999999)")}), "size"),
    "negative": (lambda m: m.update({"values.npy": _npy("<f4", "(-2, 2)") + b"\0" * 16}), "values"),
    "deep header": (lambda m: m.update({"header.npy": _bytes(b"[" * 100_000)}), "deep"),
    "twice in the header": (
        lambda m: m.update({"header.npy": _bytes(b'{"format": 1, "format": 2}')}), "twice",
    ),
    "no json": (lambda m: m.update({"header.npy": _bytes(b"\xff\xfe")}), "damaged"),
    "version": (lambda m: m.update({"header.npy": plain(2, 2, version=2)}), "version 2"),
    "version true": (lambda m: m.update({"header.npy": plain(2, 2, version=True)}), "version True"),
    "version text": (lambda m: m.update({"header.npy": plain(2, 2, version="1")}), "version '1'"),
    "unknown fact": (lambda m: m.update({"header.npy": plain(2, 2, more=1)}), "more"),
    "values twice": (lambda m: m.update({"header.npy": plain(2, 2, values=[])}), "values"),
    "label": (lambda m: m.update({"header.npy": plain(2, 2, label=5)}), "label"),
    "steps": (lambda m: m.update({"header.npy": plain(2, 2, n_steps=True)}), "n_steps"),
    "partial": (lambda m: m.update({"header.npy": plain(2, 2, partial="no")}), "partial"),
    "tokens": (lambda m: m.update({"header.npy": named("ab")}), "tokens"),
    "a token": (
        lambda m: m.update({"header.npy": named(["a", {"text": "b", "x": 1}])}),
        "tokens[1]",
    ),
    "odd id": (
        lambda m: m.update({"header.npy": named(["a", {"text": "b", "id": True}])}),
        "tokens[1]",
    ),
}  # fmt: skip


def _bytes(content: bytes) -> Any:
    return np.frombuffer(content, np.uint8)


def _npy(descr: str, shape: str) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text = text.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_archives_that_are_wrong(case: str, tmp_path: Path) -> None:
    members = members_of(ATTRIBUTION, tmp_path)
    change, word = WRONG[case]
    change(members)
    refused(archive(tmp_path / "bad.npz", members), word)


def test_archives_that_are_packed_oddly(tmp_path: Path) -> None:
    members = members_of(TRACE, tmp_path)
    path = archive(tmp_path / "bad.npz", members)
    assert tv.load(path) == TRACE
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as file:
        file.writestr("ranks.npy", b"")
    refused(path, "ranks.npy", "twice")
    refused(archive(tmp_path / "bad.npz", members, compression=zipfile.ZIP_LZMA), "packed")
    sound = archive(tmp_path / "bad.npz", members).read_bytes()
    for content in (b"", sound[:-30], sound[:200], sound.replace(b"PK\x03\x04", b"PK\x03\x05", 1)):
        path.write_bytes(content)
        refused(path)
    directory = sound.rindex(b"PK\x05\x06")
    for offset in (b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff"):  # where the directory begins
        path.write_bytes(sound[: directory + 16] + offset + sound[directory + 20 :])
        refused(path)


def test_a_few_kilobytes_do_not_unpack_to_gigabytes(tmp_path: Path) -> None:
    """In a process that may not take more than 150 MB beyond what it has."""
    path = tmp_path / "bomb.npz"
    sizes = {
        "values": (plain(), "values.npy", "(1, 536870912)", 1),
        "never used": (plain(), "more.npy", "(1, 536870912)", 200),
        "as stated": (plain(5_000, 10_000), "values.npy", "(5000, 10000)", 200),
    }
    for case, (head, name, shape, millions) in sizes.items():
        sound = {"header.npy": head, "values.npy": np.zeros((1, 1), np.float32)}
        sound.pop(name, None)
        archive(path, sound)
        packed = zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1)
        with packed as file, file.open(name, "w") as out:
            out.write(_npy("<f4", shape))
            for _ in range(millions):
                out.write(b"\0" * 1_000_000)
        script = (
            "import resource, sys, tokenviz as tv\n"
            "import tokenviz.data.files\n"
            "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
            "resource.setrlimit(resource.RLIMIT_AS, (used + 150_000_000,) * 2)\n"
            "try: tv.load(sys.argv[1])\n"
            "except ValueError as error: print(error)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_utime)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
        )
        assert "bomb.npz is damaged" in done.stdout and "memory" not in done.stdout, (case, done)
        assert path.stat().st_size < 2**20


def test_a_header_of_blanks_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    values = np.zeros((1, 1), np.float32)
    blanks = np.full(20_000_000, 32, np.uint8)
    refused(archive(path, {"header.npy": blanks, "values.npy": values}), "header", "too much")


JSON_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"values": [[None, 1], [2, 3]]}, "values"),
    ({"values": [["0.5", 1], [2, 3]]}, "values"),
    ({"values": [[True, 1], [2, 3]]}, "values"),
    ({"values": [[1, 2, 3, 4]]}, "values"),
    ({"values": [1, 2, 3, 4]}, "values"),
    ({"values": [[1, 2], [3, [4]]]}, "values"),
    ({"values": [[1, 2], [3, 10**400]]}, "too large"),
    ({"values": None}, "values"),
    ({"completeness_error": [1]}, "completeness_error"),
    ({"completeness_error": [None, 1]}, "completeness_error"),
    ({"standard_error": [[1, 2], [3, -4]]}, "standard_error"),
    ({"tokens": [3, "a"]}, "tokens[0]"),
    ({"tokens": ["a", {"hex": "zz"}]}, "tokens[1]"),
    ({"tokens": ["a", "\ud800"]}, "tokens[1]"),
    ({"tokens": ["a", {"text": "a", "hex": "61"}]}, "tokens[1]"),
    ({"targets": ["a", {"token": None}]}, "targets[1]"),
    ({"spans": [[0], [0]]}, "spans"),
    ({"seconds": "1"}, "seconds"),
    ({"zzz": 1}, "zzz"),
    ({"index": [1]}, "index"),
    ({"format": ["tokenviz.attribution"]}, "not a tokenviz"),
]


def changed(
    source: tv.Attribution | tv.Trace | tv.TraceTree, change: dict[str, Any], folder: Path
) -> Path:
    """A text of a source in which some entries are others."""
    path = source.save(folder / "bad.json")
    sound = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(sound | change), encoding="utf-8")
    return path


@pytest.mark.parametrize(("change", "word"), JSON_WRONG, ids=str)
def test_texts_that_are_wrong(change: dict[str, Any], word: str, tmp_path: Path) -> None:
    refused(changed(ATTRIBUTION, change, tmp_path), word)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"offsets": [0, -1, 1]}, "offsets"),
        ({"offsets": [0, 5, 1]}, "offsets"),
        ({"index": [0, 2**40]}, "index"),
        ({"index": [0, 0.5]}, "index"),
        ({"index": [0, None]}, "index"),
        ({"index": "ab"}, "index"),
        ({"logprobs": [-1.0]}, "logprobs"),
        ({"channels": ["loss", "loss"]}, "twice"),
        ({"channels": [["loss"]]}, "channels"),
        ({"channels": ["loss", "more"]}, "channel_1"),
        ({"channels": []}, "channel_0"),
        ({"distribution": {}}, "distribution"),
        ({"partial": 1}, "partial"),
    ],
    ids=str,
)
def test_traces_that_are_wrong(change: dict[str, Any], word: str, tmp_path: Path) -> None:
    refused(changed(TRACE, change, tmp_path), word)


FAR = {"branch": 0, "method": "m"}


def put(content: Any, place: str, value: Any) -> None:
    """Change one entry within an object, by the way to it: ``branches.0.name``."""
    *way, last = (int(step) if step.isdigit() else step for step in place.split("."))
    for step in way:
        content = content[step]
    content[last] = value


@pytest.mark.parametrize(
    ("place", "value", "word"),
    [
        ("branches", [], "index"),
        ("branches", {}, "branches"),
        ("branches.0", 5, "branches[0]"),
        ("branches.1.more", 5, "more"),
        ("branches.1.parent", 1, "branches[1].parent"),
        ("branches.1.parent", None, "branches[1]"),
        ("branches.1.parent", 0.0, "branches[1]"),
        ("branches.1.parent", True, "branches[1]"),
        ("branches.1.position", 3, "branches[1].position"),
        ("branches.1.position", -1, "branches[1]"),
        ("branches.1.position", 10**30, "branches[1].position"),
        ("branches.1.name", None, "branches[1]: name"),
        ("branches.1.name", "\ud800", "branches[1]: name"),
        ("branches.1.origin", [], "branches[1]"),
        ("branches.1.origin.kind", [], "branches[1]"),
        ("branches.1.origin.slot", 2, "branches[1].origin.slot"),
        ("branches.1.origin.forced", 2, "branches[1]"),
        ("branches.1.origin.options", [["a", 1]], "origin.options"),
        ("branches.1.origin.options", {"a": 1e999}, "origin: options['a']"),
        ("branches.1.text.tokens", 2, "index"),
        ("branches.1.text.tokens", -1, "tokens"),
        ("branches.1.text.tokens", 10**30, "index"),
        ("branches.1.text.prompt", 1, "prompts"),
        ("branches.1.text.channels", ["loss"], "channels"),
        ("branches.1.text.distribution", "sampling", "branches[1].trace.distribution"),
        ("branches.1.text.distribution", [], "distribution"),
        ("branches.1.text.notes", ["a"], "notes"),
        ("prompt.prompt_roles", "a", "prompt: prompt_roles"),
        ("prompt.prompt_turns", [1, 2], "prompt_turns"),
        ("answers.0.question", {**FAR, "start": 10**12, "stop": 10**13}, "rows"),
        ("answers.0.question.stop", 3, "answers[0].question.stop"),
        ("answers.0.question.branch", 1, "answers[0].question.stop"),
        ("answers.0.question.branch", 2, "answers[0].question.branch"),
        ("answers.0.question.slot", 1, "answers[0].question.slot"),
        ("answers.0.question.method", None, "answers[0]: question: method"),
        ("answers.0.attribution.targets", ["a", "b"], "answers[0]: values"),
        ("answers.0.attribution.tokens", ["a", "b"], "tokens"),
        ("answers.0.attribution.spans", [[0]], "answers[0]: spans"),
        ("answers.0.arrays", [], "answers[0]: arrays"),
        ("answers.0.arrays", ["values", "values"], "answers[0]: arrays"),
        ("answers.0.arrays", ["values", ["a"]], "answers[0]: arrays"),
        ("answers.0.arrays", ["values", "standard_error"], "standard_error"),
        ("outcomes.0.change.how", "cut", "outcomes[0]: change: how"),
        ("outcomes.0.change.stop", 2, "outcomes[0].change.stop"),
        ("outcomes.0.change.branch", 0, "outcomes[0].trace"),
        ("outcomes.0.text.prompt_roles", ["user"], "prompt_roles"),
        ("rows", [0, 9], "rows"),
        ("prompts", [9], "prompts"),
        ("offsets", [0, 2, 1, 1, 1], "offsets"),
        ("index", [0, 1, 2, 9], "index"),
        ("logprobs", [-1, -2, 5, -1], "logprobs"),
        ("values", [0.5], "values"),
        ("values", [[0.5], [1]], "values"),
        ("vocabulary.0", {"hex": "zz"}, "vocabulary[0]"),
        ("more", [], "more"),
    ],
    ids=str,
)
@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_trees_that_are_wrong(
    place: str, value: Any, word: str, suffix: str, tmp_path: Path
) -> None:
    path = TREE.save(tmp_path / "bad.json")
    assert tv.load(path) == TREE
    content = json.loads(path.read_text(encoding="utf-8"))
    arrays = members_of(TREE, tmp_path)
    del arrays["header.npy"]
    put(content, place, value)
    if suffix == ".json":
        path.write_text(json.dumps(content), encoding="utf-8")
        refused(path, word)
        return
    for name in arrays:
        given: Any = content.pop(name.removesuffix(".npy"))
        arrays[name] = np.array(given, arrays[name].dtype) if given else arrays[name][:0]
    head = np.frombuffer(json.dumps(content).encode(), np.uint8)
    refused(archive(tmp_path / "bad.npz", {"header.npy": head, **arrays}), word)


def test_deep_chains_of_branches_are_read_in_time_that_follows_from_their_number(
    tmp_path: Path,
) -> None:
    """And questions at their end, about their beginning."""
    n = 3000
    text = {"distribution": "model", "tokens": 1}
    fork = {"name": "", "origin": {"kind": "written"}, "text": text}
    asked = {"branch": n - 1, "stop": 2, "method": "m"}
    content = {
        "format": "tokenviz.tree",
        "version": 1,
        "vocabulary": ["a"],
        "prompt": {"distribution": "model"},
        "branches": [{**fork, "parent": i - 1 if i else None, "position": i} for i in range(n)],
        "answers": [
            {
                "question": {**asked, "start": 1, "method": f"{i}"},
                "attribution": {"targets": ["a"]},
                "arrays": ["values"],
            }
            for i in range(n)
        ],
        "outcomes": [],
        "index": [0] * n,
        "logprobs": [-1] * n,
        "offsets": [0] * (n + 1),
        "ranks": [0] * n,
        "entropies": ["NaN"] * n,
        "prompts": [],
        "channels": [],
        "alternative_index": [],
        "alternative_logprobs": [],
        "rows": [0] * n,
        "values": [0] * n,
        "completeness_error": [],
        "standard_error": [],
    }
    path = tmp_path / "deep.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    began = time.process_time()
    tree = tv.load(path)
    assert time.process_time() - began < 4
    assert isinstance(tree, tv.TraceTree)
    assert {answer.question.branch for answer in tree.answers} == {1}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"[" * 200_000, "deep"),
        (b'{"a":' * 200_000, "deep"),
        (b'{"format": "tokenviz.trace", "format": "tokenviz.trace"}', "twice"),
        (b"\xff\xfe{}", "damaged"),
        (b"", "damaged"),
        (b"9" * 100_000, "damaged"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_texts_that_are_damaged(content: bytes, word: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    refused(path, word)


def test_what_is_no_file_is_refused_and_what_is_missing_is_missing(tmp_path: Path) -> None:
    import os

    (tmp_path / "folder.npz").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    refused(tmp_path / "folder.npz", "no file")
    refused(tmp_path / "pipe.json", "no file")
    with pytest.raises(FileNotFoundError, match=r"gone\.npz"):
        tv.load(tmp_path / "gone.npz")


def test_arrays_that_shrink_to_nothing_are_written_so_that_they_can_be_read(
    tmp_path: Path,
) -> None:
    zeros = tv.Attribution(np.zeros((200_000, 100), np.float32), ["a"] * 200_000, ["x"] * 100)
    path = zeros.save(tmp_path / "zeros.npz")
    assert path.stat().st_size > 200_000 * 400
    assert tv.load(path) == zeros

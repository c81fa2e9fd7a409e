"""Commands with the bundled model and with files: what they write, and how they fail."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.cli.running import COMMAND, LONG, environment, run, start
from tokenviz.model.language_model import LanguageModel

FIXTURES = Path(__file__).parents[1] / "sources/fixtures"
CHAT = str(FIXTURES / "openai_chat.json")
TEXT = "43 x 34 = 1462"


@pytest.fixture(scope="module")
def lm() -> LanguageModel:
    return tv.load_model()


@pytest.fixture(scope="module")
def traces(lm: LanguageModel) -> list[tv.Trace]:
    """Of which the second has the worst token, and the third is the longest."""
    return [
        lm.score(" 172", prompt="43 x 4 ="),
        lm.score("zebra", prompt="43 x 4 ="),
        lm.score(TEXT, prompt="First, "),
    ]


@pytest.fixture
def written(traces: list[tv.Trace], tmp_path: Path) -> Path:
    """One file of all three."""
    for i, trace in enumerate(traces):
        trace.save(tmp_path / f"{i}.json")
    path = tmp_path / "traces.jsonl"
    lines = [(tmp_path / f"{i}.json").read_text("utf-8") for i in range(3)]
    path.write_text("\n".join(lines), "utf-8")
    return path


def of_lines(text: str, folder: Path) -> list[Any]:
    """What lines of JSON hold, read by the library's own way for files."""
    found = []
    for i, line in enumerate(text.splitlines()):
        (folder / f"line{i}.json").write_text(line, "utf-8")
        found.append(tv.load(folder / f"line{i}.json"))
    return found


def test_score_is_what_python_scores(lm: LanguageModel, tmp_path: Path) -> None:
    ran = run("score", "demo", TEXT, "--prompt", "First, ", "--top-k", "2", "-o", "-")
    assert (ran.status, ran.err) == (0, "")
    assert of_lines(ran.out, tmp_path) == [lm.score(TEXT, prompt="First, ", top_k=2)]


def test_score_of_rows_texts_and_chats(lm: LanguageModel, tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "What is 2 x 3?"}, {"role": "assistant", "content": " 6"}]
    rows = [{"text": "5"}, {"prompt": "4 x 2 =", "completion": " 8"}, {"messages": chat}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (tmp_path / "one.txt").write_text(TEXT, "utf-8")
    out = tmp_path / "scored.jsonl"
    ran = run("score", "demo", tmp_path / "rows.jsonl", tmp_path / "one.txt", "-o", out)
    assert ran.status == 0, ran.err
    expected = [
        lm.score("5"), lm.score(" 8", prompt="4 x 2 ="), lm.score(chat), lm.score(TEXT),
    ]  # fmt: skip
    for found, wanted in zip(of_lines(out.read_text("utf-8"), tmp_path), expected, strict=True):
        assert found.tokens == wanted.tokens
        np.testing.assert_allclose(found.logprobs, wanted.logprobs, atol=1e-4)


def test_without_colours_score_is_a_table(lm: LanguageModel) -> None:
    head, *lines = run("score", "demo", TEXT).out.splitlines()
    trace = lm.score(TEXT)
    assert head.split("\t") == ["position", "token", "log-probability", "rank", "entropy"]
    rows = [line.split("\t") for line in lines]
    assert [row[1] for row in rows] == [token.label for token in trace.tokens]
    assert rows[0][2] == ""  # nothing stands before it
    np.testing.assert_allclose([float(row[2]) for row in rows[1:]], trace.logprobs[1:], rtol=1e-3)


def test_generate_prints_the_text_alone(lm: LanguageModel) -> None:
    ran = run("generate", "demo", "-", "--max-new-tokens", "12", stdin="What is 43 x 34?\n")
    assert ran.out == lm.generate("What is 43 x 34?", max_new_tokens=12).text + "\n"


def test_generate_draws_as_python_does_and_stops(lm: LanguageModel, tmp_path: Path) -> None:
    out = tmp_path / "drawn.npz"
    ran = run(
        "generate", "demo", "What is 43 x 34?", "--temperature", "2", "--seed", "3", "--stop", "3",
        "--max-new-tokens", "40", "-o", out,
    )  # fmt: skip
    assert ran.status == 0, ran.err
    options: dict[str, Any] = {"temperature": 2.0, "seed": 3, "stop": ["3"], "max_new_tokens": 40}
    assert tv.load(out) == lm.generate("What is 43 x 34?", **options)


def test_generate_a_chat(lm: LanguageModel, tmp_path: Path) -> None:
    out = tmp_path / "chat.npz"
    words = ("--chat", "What is 2 x 3?", "--max-new-tokens", "3")
    assert run("generate", "demo", *words, "-o", out).status == 0
    asked = [{"role": "user", "content": "What is 2 x 3?"}]
    assert tv.load(out) == lm.generate(asked, max_new_tokens=3)


def test_attribute_is_what_python_attributes(lm: LanguageModel, tmp_path: Path) -> None:
    out = tmp_path / "why.json"
    ran = run(
        "attribute", "demo", "43 x 4 =", "--target", " 172", "--contrast", " 172", " 132",
        "--method", "occlusion", "--score", "logprob", "-o", out,
    )  # fmt: skip
    assert ran.status == 0, ran.err
    expected = lm.attribute(
        "43 x 4 =", [" 172", tv.Contrast(" 172", " 132")], method="occlusion", score="logprob"
    )
    found = tv.load(out)
    assert isinstance(found, tv.Attribution)
    assert found.targets == expected.targets
    np.testing.assert_allclose(found.values, expected.values, atol=1e-5)


def test_compare_two_models_and_two_files(lm: LanguageModel, written: Path, tmp_path: Path) -> None:
    warmer = ("--temperature", "1", "--temperature", "2")
    ran = run("compare", "demo", "demo", TEXT, *warmer, "-o", "-")
    assert ran.status == 0, ran.err
    (found,) = of_lines(ran.out, tmp_path)
    wanted = lm.compare(lm, TEXT, temperature=(1.0, 2.0))
    np.testing.assert_allclose(found.kl, wanted.kl, rtol=1e-4)
    ran = run("compare", written, written, "-o", "-", "--names", "before", "after")
    assert ran.status == 0, ran.err
    for found in of_lines(ran.out, tmp_path):
        assert found.names == ("before", "after")
        assert not np.nan_to_num(found.deltas).any()


def test_view_reads_what_python_reads(tmp_path: Path) -> None:
    source = FIXTURES / "openai_chat.json"
    by_name = run("view", source, "-o", "-")
    by_pipe = run("view", "-", "-o", "-", stdin=source.read_text("utf-8"))
    assert by_name.out == by_pipe.out
    assert of_lines(by_name.out, tmp_path) == tv.read(source)
    lines = FIXTURES / "prime_rl.jsonl"
    by_pipe = run("view", "-", "-o", "-", stdin=lines.read_text("utf-8"))
    assert of_lines(by_pipe.out, tmp_path) == tv.read(lines)


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ((), [0, 1, 2]),
        (("--sort", "worst"), [1, 2, 0]),
        (("--sort", "length"), [2, 1, 0]),
        (("--sort", "length", "--reverse"), [0, 1, 2]),
        (("--sort", "mean"), [1, 2, 0]),
        (("--sort", "surprisal", "--top", "1"), [1]),
        (("--sort", "max:logprob", "--top", "2"), [2, 0]),
    ],
)
def test_view_sorts_and_cuts(
    words: tuple[str, ...],
    order: list[int],
    written: Path,
    traces: list[tv.Trace],
    tmp_path: Path,
) -> None:
    ran = run("view", written, *words, "-o", "-")
    assert ran.status == 0
    found = of_lines(ran.out, tmp_path)
    assert [traces.index(trace) for trace in found] == order
    assert (f"{len(order)} of 3 are shown" in ran.err) == (len(order) < 3)


def test_view_of_a_folder_shows_what_can_be_read(written: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deeper").mkdir(parents=True)
    written.rename(folder / "deeper/a.jsonl")
    (folder / "b.json").write_text('{"format": "tokenviz.trace", "version": 1}', "utf-8")
    ran = run("view", folder, "-o", "-")
    assert ran.status == 1
    assert len(ran.out.splitlines()) == 3
    (line,) = ran.err.splitlines()
    assert line.startswith("tokenviz: error: ")
    assert "b.json is damaged" in line


FAILS: list[tuple[list[str], int, str]] = [
    (["view", "nowhere.json"], 1, "there is no file 'nowhere.json'"),
    (["view", "-"], 1, "-: there is nothing in it"),
    (["view", CHAT, "--format", "odd"], 2, "--format: expected one of"),
    (["view", CHAT, "--sort", "odd", "-o", "-"], 2, "--sort: nothing"),
    (["view", CHAT, "-o", "a.json"], 2, "--output: a.json holds one"),
    (["view", "x.json", "-o", "page.odd"], 2, "expected a name ending in .html"),
    (["view", "x.json", "-o", "nowhere/page.html"], 2, "there is no folder 'nowhere'"),
    (["score", "demo", "missing.txt"], 1, "there is no file 'missing.txt'"),
    (["score", "./nowhere", "x"], 1, "there is no folder './nowhere'"),
    (["score", "demo", "x", "--top-k", "-1"], 2, "--top-k: "),
    (["generate", "demo", "x", "--max-new-tokens", "0"], 2, "--max-new-tokens: expected"),
    (["generate", "demo", "x", "--temperature", "warm"], 2, "Invalid value for '--temperature'"),
    (["generate", "demo", "x", "--system", "y"], 2, "--system: expected --chat"),
    (["attribute", "demo", "x"], 2, "expected --target, --contrast or --continuation"),
    (["attribute", "demo", "x", "--target", " y", "--method", "guess"], 2, "--method: "),
    (["compare", "demo", str(FIXTURES / "tgi.json")], 1, "expected two models, or two files"),
    (["explore", "demo", "x", "-o", "y.png"], 2, "expected a name ending in .html, .json, .npz"),
    (["odd"], 2, "No such command 'odd'"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "status", "said"), FAILS)
def test_what_goes_wrong_is_a_line_and_a_status(
    words: list[str], status: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*words)
    assert ran.status == status, ran.err
    assert said in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert ran.out == ""
    if not ran.err.startswith("Usage:"):
        assert ran.err.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_a_file_where_the_model_belongs_says_what_comes_first(tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("43 x 34 = 1462", encoding="utf-8")
    ran = run("score", texts, "-o", f"{tmp_path}/scored/")
    assert ran.status != 0
    assert "got the file" in ran.err and f"“tokenviz … demo {texts}”" in ran.err


def test_debug_shows_where_an_error_is_from() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run("view", "nowhere.json", "--debug")


def test_a_reader_who_has_had_enough(written: Path) -> None:
    # So much that no pipe holds it.
    lines = written.read_text("utf-8").rstrip("\n") + "\n"
    written.write_text(lines * 100, "utf-8")
    with start("view", written, "--top", "0", "-o", "-") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.read(10) == '{"format":'
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(LONG) == 141


def test_an_interrupt_keeps_what_is_written(tmp_path: Path) -> None:
    out = tmp_path / "begun.npz"
    # A repetition penalty keeps it from its end.
    words = ["generate", "demo", "What is 43 x 34?", "--max-new-tokens", "400", "--progress"]
    with start(*words, "--repetition-penalty", "1.3", "-o", out) as process:
        assert process.stderr is not None
        said = ""
        while re.search(r"\b([2-9]|\d\d+)/400", said) is None:  # the bar, which may leave some out
            said += (more := process.stderr.read(1))
            assert more, said
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=LONG)
        assert process.returncode == 130, rest
        assert "Traceback" not in rest
    trace = tv.load(out)
    assert isinstance(trace, tv.Trace)
    assert trace.partial
    assert 2 <= len(trace) < 400


def test_pipes_as_a_shell_has_them(written: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    command = " ".join(COMMAND)
    done = subprocess.run(
        f"cat '{written}' | {command} view - --sort worst -o '{page}'",
        shell=True, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "sorted by worst" in page.read_text("utf-8")
    assert page.stat().st_size > 100_000

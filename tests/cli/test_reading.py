"""What “tokenviz view” is given: attributions, lines of which some are broken, streams, sets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tokenviz as tv
from tests.cli.running import environment, run
from tokenviz.data.files import of_json

FIXTURES = Path(__file__).parents[1] / "sources/fixtures"
ROLLOUTS = FIXTURES / "prime_rl.jsonl"
INSEQ = FIXTURES / "inseq_saved.json"
CHAT = FIXTURES / "openai_chat.json"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """Two traces, an attribution, and a file of lines."""
    traces = [tv.Trace(["a", " b"], [-1.0, -2.0]), tv.Trace(["c"], [-3.0])]
    for i, trace in enumerate(traces):
        trace.save(tmp_path / f"trace{i}.json")
    tv.Attribution(np.array([[3.0], [-1.0]]), ["43", " x"], [" 172"]).save(tmp_path / "why.json")
    lines = [(tmp_path / f"trace{i}.json").read_text("utf-8") for i in range(2)]
    (tmp_path / "lines.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def given(text: str) -> list[object]:
    return [of_json(line.encode(), "out") for line in text.splitlines()]


def saved(ours: Path) -> list[object]:
    return [tv.load(ours / f"trace{i}.json") for i in range(2)]


def headings(page: Path) -> int:
    return page.read_text("utf-8").count('class="tokenviz-figure"')


def test_several_attributions_at_once_are_a_page_of_figures(ours: Path) -> None:
    page = ours / "page.html"
    others = [INSEQ, FIXTURES / "inseq_saved_primitives.json"]
    cases: list[tuple[list[Path], int]] = [
        ([ours / "why.json", ours / "why.json"], 2),
        (others, 2),  # which several of others are read as a set for
        ([*others, CHAT], 4),  # with both traces of an answer
        ([ours / "why.json", *others], 3),
    ]
    for files, count in cases:
        ran = run("view", *files, "-o", page)
        assert (ran.status, ran.err) == (0, ""), files
        assert headings(page) == count
    folder = ours / "theirs"
    folder.mkdir()
    for file in others:
        (folder / file.name).write_bytes(file.read_bytes())
    ran = run("view", folder, "-o", "-")
    assert ran.status == 0 and given(ran.out) == [tv.read(file) for file in others]
    ran = run("view", folder, "--filter", "n_tokens > 1", "-o", page)
    assert ran.status == 2 and "--filter: expected traces; attributions" in ran.err


@pytest.mark.parametrize("broken", ['{"format": "tokenviz.trace", "ver', "hm"])
def test_a_broken_line_of_ours_costs_itself_alone(broken: str, ours: Path) -> None:
    file = ours / "lines.jsonl"
    first, second = file.read_text("utf-8").splitlines()
    file.write_text(f"{first}\n{broken}\n{second}\n", "utf-8")
    by_name = run("view", file, "-o", "-")
    by_pipe = run("view", "-", "-o", "-", stdin=file.read_text("utf-8"))
    beside = run("view", file, ours / "trace0.json", "-o", "-")
    for ran, name, traces in [
        (by_name, "lines.jsonl", saved(ours)),
        (by_pipe, "standard input", saved(ours)),
        (beside, "lines.jsonl", [*saved(ours), saved(ours)[0]]),
    ]:
        assert ran.status == 1 and given(ran.out) == traces
        assert ran.err.count("\n") == 1
        assert f"tokenviz: error: 1 row could not be read: {name}, line 2" in ran.err
    # Pairs are made by the order of lines: there none may be missing.
    compared = run("compare", file, file, "-o", "-")
    assert compared.status == 1 and compared.out == "" and "line 2" in compared.err
    (ours / "none.jsonl").write_text(f'{{"format": "tokenviz.trace"}}\n{broken}\n', "utf-8")
    nothing = run("view", ours / "none.jsonl", "-o", "-")
    assert nothing.status == 1 and nothing.out == "" and "none.jsonl, line 1" in nothing.err


@pytest.mark.parametrize("broken", ['{"token_ids": [1', "hm", '{"token_ids": [1]}'])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_broken_row_on_standard_input_is_counted(broken: str, place: int, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    rows = ROLLOUTS.read_text("utf-8").splitlines()
    rows.insert(place, broken)
    page = tmp_path / "page.html"
    for words in ([], ["--filter", "step = 7"], ["--sort", "mean.mismatch_kl"]):
        words = [*words, "--tokenizer", "demo"]
        ran = run("view", "-", *words, "-o", page, stdin="\n".join(rows))
        assert ran.status == 1, ran.err
        said = f"tokenviz: error: 1 row could not be read: standard input, line {place + 1}: "
        assert said in ran.err and ran.err.count("\n") == 1
        assert "1 row could not be read." in page.read_text("utf-8")


def test_columns_of_standard_input(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    rows = [json.loads(line) for line in ROLLOUTS.read_text("utf-8").splitlines()]
    text = "\n".join(json.dumps({**row, "reward": i}) for i, row in enumerate(rows))
    traces = tv.read(ROLLOUTS)
    assert isinstance(traces, list)
    for words, expected in [
        (["--sort", "reward"], traces[::-1]),
        (["--sort", "reward", "--reverse"], traces),
        (["--filter", "reward > 0"], traces[1:]),
        (["--format", "prime-rl", "--channel", "advantages", "--top", "1"], traces[:1]),
    ]:
        ran = run("view", "-", *words, "-o", "-", stdin=text)
        assert ran.status == 0 and given(ran.out) == expected, (words, ran.err)
    tokenized = run("view", "-", "--tokenizer", "demo", "-o", "-", stdin=text)
    first = given(tokenized.out)[0]
    assert isinstance(first, tv.Trace) and not any(token.unknown for token in first.tokens)


def test_tokens_that_are_only_ids_are_said_to_be(tmp_path: Path) -> None:
    rows = str(FIXTURES / "prime_rl.jsonl")
    plain = run("view", rows, "-o", tmp_path / "page.html")
    assert plain.status == 0 and "the tokens are ids; --tokenizer" in plain.err
    spelled = run("view", rows, "--tokenizer", "demo", "-o", tmp_path / "page.html")
    assert "--tokenizer" not in spelled.err
    texts = run("view", str(FIXTURES / "openai_chat.json"), "-o", tmp_path / "page.html")
    assert "--tokenizer" not in texts.err


def test_answers_in_a_file_are_as_many_traces(tmp_path: Path) -> None:
    answer = json.loads((FIXTURES / "openai_chat.json").read_text(encoding="utf-8"))
    lines = "".join(f"{json.dumps({**answer, 'id': f'chat-{i}'})}\n" for i in range(3))
    choices = len(answer["choices"])
    ran = run("view", "-", "-o", "-", stdin=lines)
    assert ran.status == 0 and len(ran.out.splitlines()) == 3 * choices


def test_what_a_server_sends_may_be_piped() -> None:
    chunks = (FIXTURES / "openai_chat_stream.jsonl").read_text("utf-8").splitlines()
    events = "".join(f"data: {chunk}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    ran = run("view", "-", "-o", "-", stdin=events)
    expected = tv.read(FIXTURES / "openai_chat_stream.jsonl")
    assert ran.status == 0, ran.err
    assert given(ran.out) == (expected if isinstance(expected, list) else [expected])


def test_a_folder_keeps_one_trace_as_it_keeps_several(ours: Path) -> None:
    pytest.importorskip("duckdb")
    one = run("view", ours / "trace1.json", "-o", f"{ours}/one/")
    assert (one.status, one.err) == (0, "")
    assert [*tv.TraceSet.open(ours / "one")] == saved(ours)[1:]
    several = run("view", ours / "lines.jsonl", "--sort", "worst", "-o", f"{ours}/chosen/")
    assert several.status == 0
    kept = tv.TraceSet.open(ours / "chosen")
    assert [*kept] == saved(ours)[::-1]
    # A part of it is a set, too.
    (part,) = (ours / "chosen").glob("*.parquet")
    assert given(run("view", part, "-o", "-").out) == saved(ours)[::-1]
    again = run("view", ours / "lines.jsonl", "-o", f"{ours}/chosen/")
    assert again.status == 2 and again.err.startswith("tokenviz: error: --output: ")
    assert "holds something" in again.err and "empty, or not there" in again.err
    assert [*tv.TraceSet.open(ours / "chosen")] == [*kept]
    for words in (["why.json"], ["why.json", "why.json"]):
        refused = run("view", *(ours / word for word in words), "-o", f"{ours}/none/")
        assert refused.status == 2 and "is a folder, which keeps a set of traces" in refused.err
        assert not (ours / "none").exists()


def test_a_name_that_ends_in_nothing_says_what_a_folder_is_called(ours: Path) -> None:
    kept = run("view", ours / "lines.jsonl", "-o", str(ours / "chosen"))
    said = " ".join(kept.err.split())
    assert kept.status == 2 and "a folder’s name and /, or -, got" in said
    # Of commands that keep no set none is named.
    refused = run("compare", CHAT, CHAT, "-o", f"{ours}/none/")
    said = " ".join(refused.err.split())
    assert refused.status == 2 and ".png, or -, got" in said


@pytest.mark.parametrize(
    "name",
    ["trace0.json", "why.json", str(CHAT), str(ROLLOUTS)],
    ids=["trace", "attribution", "chat", "rollouts"],
)
def test_view_loads_no_model_library(name: str, ours: Path) -> None:
    code = (
        "import sys\n"
        "from tokenviz.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        "print('LOADED', *sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)"
    )
    for out in ("-", "page.html"):
        done = subprocess.run(
            [sys.executable, "-c", code, "view", str(ours / name), "-o", out],
            env=environment(), capture_output=True, text=True, check=True, cwd=ours,
        )  # fmt: skip
        said, _, loaded = done.stderr.partition("LOADED")
        assert "error" not in said and "typer" in loaded.split()
        assert not {"torch", "transformers", "tokenizers", "matplotlib"} & set(loaded.split())

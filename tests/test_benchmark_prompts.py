"""The prompts of which it is known what decides them: as they stand, as read, as asked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import tokenviz as tv
from benchmarks.prompts import KINDS, Prompt, answer, deciding_tokens, load
from benchmarks.prompts.__main__ import main
from benchmarks.prompts.filler import filler
from benchmarks.prompts.reader import marked

PROMPTS = load()
PARIS = {"text": "The capital of [[France|Italy]] is", "target": " Paris", "foil": " Rome"}


@pytest.fixture(scope="module")
def demo() -> tv.LanguageModel:
    return tv.load_model()


def prompt(text: str, target: str, foil: str) -> Prompt:
    return Prompt("copying", "copying:1", (marked(text),), None, target, foil)


def refusal(folder: Path, *lines: str) -> str:
    (folder / "facts.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError) as error:
        load(folder, ("facts",))
    return str(error.value)


def test_there_are_enough_of_each_kind() -> None:
    assert len(PROMPTS) >= 160
    for kind in KINDS:
        assert sum(one.kind == kind for one in PROMPTS) >= 12, kind


@pytest.mark.parametrize("one", PROMPTS, ids=lambda one: one.name)
def test_only_the_deciding_words_are_exchanged(one: Prompt) -> None:
    assert one.asked != one.exchanged
    assert any(part.spans for part in one.parts)
    for part in one.parts:
        rest, exchanged_rest, at = "", part.exchanged, 0
        for (start, stop), words in zip(part.spans, part.deciding, strict=True):
            assert part.text[start:stop] == words
            assert words == words.strip()  # nothing of the text around is marked
            between = part.text[at:start]
            place = exchanged_rest.find(between)
            assert place >= 0
            exchanged_rest = exchanged_rest[place + len(between) :]
            rest, at = part.text[stop:], stop
        assert exchanged_rest.endswith(rest)


@pytest.mark.parametrize("one", PROMPTS, ids=lambda one: one.name)
def test_target_and_foil_part_at_the_first_token(one: Prompt, demo: tv.LanguageModel) -> None:
    def begins(text: str) -> list[int]:
        return list(demo.tokenizer(text.removeprefix(" "))["input_ids"])

    assert one.target.startswith(" ") == one.foil.startswith(" ")
    target, foil = begins(one.target), begins(one.foil)
    # The bundled tokenizer is a byte-level BPE trained on worked arithmetic: a space is a token of
    # its own, and words that it does not know are pieces, which " have" and " has" share.
    known = max(len(target), len(foil)) == 1 or one.target.strip().isdigit()
    assert target[0] != foil[0] or not known


@pytest.mark.parametrize("one", PROMPTS, ids=lambda one: one.name)
def test_tokens_that_decide_hold_the_deciding_words(one: Prompt, demo: tv.LanguageModel) -> None:
    tokens = deciding_tokens(demo.tokenizer, one)
    if one.kind.startswith("needle"):  # longer than the bundled model's context
        ids = demo.tokenizer(one.asked)["input_ids"]
    else:
        ids = demo.encode(one.asked).tolist()
    held = b"".join(demo.vocabulary[ids[i]].bytes for i in sorted(tokens)).decode()
    words = "".join(word for part in one.parts for word in part.deciding)
    assert re.sub(r"\W", "", words) in re.sub(r"\W", "", held)
    assert len(held) < len(words) + 8 * sum(len(part.spans) for part in one.parts)


def test_prompts_differ() -> None:
    assert len({str(one.asked) for one in PROMPTS}) == len(PROMPTS)


def test_a_needle_lies_in_the_tokens_it_says() -> None:
    for size in (1000, 3000):
        for one in load(kinds=(f"needle_{size}",)):
            # Gemma's and Qwen's tokenizers make some 1.15 tokens of each of these words.
            assert 1.15 * len(str(one.asked).split()) == pytest.approx(size, rel=0.05)


@pytest.mark.parametrize("size", [1000, 3000])
def test_an_answer_stands_in_its_needle_alone(size: int) -> None:
    for one in load(kinds=(f"needle_{size}",)):
        words = re.findall(r"\w+", str(one.asked))
        assert words.count(one.target.strip()) == 1, one.name
        assert words.count(one.foil.strip()) == 0, one.name


def test_filler_is_the_same_each_time() -> None:
    assert filler(50, 3) == filler(50, 3)
    assert filler(50, 3) != filler(50, 4)
    assert 50 <= len(filler(50, 3).split()) < 80
    assert filler(8, 0) == "On the way home we saw a bucket, noisy as ever, near the door."


def test_marks_are_read() -> None:
    text = marked("a [[b|cc]] d [[e|f]]")
    assert (text.text, text.exchanged) == ("a b d e", "a cc d f")
    assert text.spans == ((2, 3), (6, 7))
    assert text.deciding == ("b", "e")


def test_a_chat_is_read(tmp_path: Path) -> None:
    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "[[Red|Blue]]?"},
    ]
    entry = {"chat": chat, "target": "Yes", "foil": "No"}
    (tmp_path / "documents.jsonl").write_text(json.dumps(entry))
    (one,) = load(tmp_path, ("documents",))
    assert one.asked == [chat[0], {"role": "user", "content": "Red?"}]
    assert one.exchanged == [chat[0], {"role": "user", "content": "Blue?"}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Expecting property name"),
        ("3", "text or chat, target and foil"),
        (json.dumps({"text": "a"}), r"text or chat, target and foil, got \['text'\]"),
        (json.dumps(PARIS | {"note": "?"}), "text or chat, target and foil"),
        (json.dumps(PARIS | {"text": 3}), "text: expected text, got 3"),
        (json.dumps(PARIS | {"target": ""}), "target: expected text, got ''"),
        (json.dumps(PARIS | {"foil": " Paris"}), "foil: expected another than the target"),
        (json.dumps(PARIS | {"text": "The capital of France is"}), "found none"),
        (json.dumps(PARIS | {"text": "[[France|Italy is"}), r"where there is a \[\["),
        (json.dumps(PARIS | {"text": "[[France|France]]"}), "others that they are exchanged for"),
        (json.dumps(PARIS | {"text": "[[ |Italy]]"}), "others that they are exchanged for"),
        (json.dumps(PARIS | {"text": "<<some words>> [[a|b]]"}), "where there is a <<"),
        (json.dumps({"chat": [], "target": "a", "foil": "b"}), "chat: expected a list of messages"),
        (
            json.dumps({"chat": [{"role": "user"}], "target": "a", "foil": "b"}),
            r"chat\[0\]: expected a role and a content",
        ),
    ],
)
def test_a_malformed_line_is_told_with_its_place(line: str, message: str, tmp_path: Path) -> None:
    told = refusal(tmp_path, json.dumps(PARIS), line)
    assert told.startswith("facts.jsonl, line 2: ")
    assert re.search(message, told)


def test_a_model_may_be_asked_what_it_answers_by_the_deciding_words(demo: tv.LanguageModel) -> None:
    known = answer(demo, prompt("What is [[4|7]]3 x 34?<think>\nTo solve ", "4", "7"))
    assert known is not None
    assert known.probability > 0.9
    assert known.preference > 1
    assert known.may_be_asked
    # Whatever this digit is, the model begins with the other number.
    other = answer(demo, prompt("What is 43 x 3[[4|7]]?<think>\nTo solve ", "4", "7"))
    assert other is not None
    assert not other.may_be_asked


def test_an_answer_is_what_scoring_says(demo: tv.LanguageModel) -> None:
    one = prompt("What is [[4|7]]3 x 34?<think>\nTo solve ", "4", "7")
    given = answer(demo, one)
    assert given is not None

    def scored(text: str, asked: str) -> float:
        return float(demo.score(text, prompt=asked).logprobs[0])

    assert given.probability == pytest.approx(2.718281828 ** scored("4", one.asked), rel=1e-4)
    preference = scored("7", one.exchanged) - scored("4", one.exchanged)
    assert given.preference == pytest.approx(preference, abs=1e-3)


def test_what_cannot_be_put_to_a_model_is_not_asked(demo: tv.LanguageModel) -> None:
    long = prompt("<<900 words, seed 1>> [[a|b]]", "a", "b")
    assert answer(demo, long) is None
    bare = tv.LanguageModel(demo.model, tv.load_model().tokenizer)
    bare.tokenizer.chat_template = None
    (chat, *_) = load(kinds=("documents",))
    assert answer(demo, chat) is not None
    assert answer(bare, chat) is None


def test_the_command_counts(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--only", "arithmetic", "--each"])
    lines = capsys.readouterr().out.splitlines()
    count = len(load(kinds=("arithmetic",)))
    assert lines[-1].split()[:2] == ["all", str(count)]
    assert sum("arithmetic:" in line for line in lines) == count

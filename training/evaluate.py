"""Measures the exported model and writes the figures into its model card.

Run as ``python -m training.evaluate``. Accuracy is that of the greedy answer to held-out problems,
each asked once in a phrasing drawn at the training odds.
"""

from __future__ import annotations

import random
from pathlib import Path

from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from training import calibration, card
from training.families import FAMILIES, Family
from training.generation import complete, final_answer
from training.grammar import Chooser
from training.problems import Problem
from training.recipe import DEMO_DIRECTORY
from training.results import Accuracy, Results

PROBLEMS_PER_FAMILY = 450
CALIBRATION_TEXTS_PER_FAMILY = 100
EXAMPLE = "What is 43 x 34?"


def evaluate(directory: Path = DEMO_DIRECTORY) -> Results:
    """Measure the model in ``directory``."""
    model = AutoModelForCausalLM.from_pretrained(directory)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    assert isinstance(model, LlamaForCausalLM)
    assert isinstance(tokenizer, PreTrainedTokenizerFast)

    def ask(name: str, questions: list[str], answers: list[str]) -> Accuracy:
        given = [final_answer(text) for text in complete(model, tokenizer, questions)]
        wrong = [
            (question, got)
            for question, got, answer in zip(questions, given, answers, strict=True)
            if got != answer
        ]
        return Accuracy(name, len(questions), len(questions) - len(wrong), tuple(wrong))

    accuracy = []
    texts = []
    for name, family in FAMILIES.items():
        rng = random.Random(f"evaluate:{name}")
        problems = held_out_problems(family, rng, PROBLEMS_PER_FAMILY)
        questions = [family.question(Chooser(rng), problem) for problem in problems]
        accuracy.append(ask(name, questions, [family.answer(problem) for problem in problems]))
        texts += [
            calibration.known_text(tokenizer, family, problem, rng)
            for problem in problems[:CALIBRATION_TEXTS_PER_FAMILY]
        ]
    return Results(
        parameters=model.num_parameters(),
        vocabulary=len(tokenizer),
        files={path.name: path.stat().st_size for path in sorted(directory.iterdir())},
        accuracy=accuracy,
        calibration=calibration.measure(model, texts),
        example=complete(model, tokenizer, [EXAMPLE])[0],
        first_tokens=calibration.likeliest_tokens(model, tokenizer, f"{EXAMPLE}<think>\n", 16),
    )


def held_out_problems(family: Family, rng: random.Random, count: int) -> list[Problem]:
    """Draw ``count`` different held-out problems, different also when signs and order are not."""
    found: dict[str, Problem] = {}
    while len(found) < count:
        problem = family.draw_split(rng, held_out=True)
        found.setdefault(problem.key, problem)
    return list(found.values())


def main() -> None:
    """Measure the bundled model and update its card."""
    results = evaluate()
    card.update(DEMO_DIRECTORY / "README.md", results)
    for one in results.accuracy:
        print(f"{one.name}: {one.right}/{one.asked}")
        for question, got in one.mistakes[:5]:
            print(f"    {question!r} -> {got!r}")
    print(card.tables(results))


if __name__ == "__main__":
    main()

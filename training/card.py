"""Keeps the measured part of the model card in step with the measurements."""

from __future__ import annotations

from pathlib import Path

from training.results import Results

START = "<!-- measured: written by python -m training.evaluate -->"
END = "<!-- end of measured -->"
MODEL_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)


def update(path: Path, results: Results) -> None:
    """Replace the measured part of the card at ``path``."""
    before, _, rest = path.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{START}\n\n{tables(results)}\n{END}{after}", encoding="utf-8")


def tables(results: Results) -> str:
    """Write all measured figures as Markdown."""
    return "\n".join(
        [*_size(results), *_accuracy(results), *_calibration(results), *_example(results)]
    )


def _size(results: Results) -> list[str]:
    total = sum(results.files.get(name, 0) for name in MODEL_FILES)
    return [
        f"Parameters: {results.parameters:,}. Vocabulary: {results.vocabulary} tokens. "
        f"Files: {total / 1e6:.2f} MB.",
        "",
    ]


def _accuracy(results: Results) -> list[str]:
    rows = [
        f"| {one.name} | {one.asked:,} | {one.right:,} | {one.right / one.asked:.1%} |"
        for one in results.accuracy
    ]
    return [
        "### Accuracy",
        "",
        "Exact greedy answers within 160 new tokens to held-out problems, all different.",
        "",
        "| Family | Asked | Right | Accuracy |",
        "| --- | ---: | ---: | ---: |",
        *rows,
        "",
    ]


def _calibration(results: Results) -> list[str]:
    measured = results.calibration
    points = sum(one.count for one in measured.bins)
    rows = [
        f"| {one.low:.2f} to {one.high:.2f} | {one.count:,} | {one.predicted:.3f} | "
        f"{one.true:.3f} | {one.drawn:.3f} |"
        for one in measured.bins
    ]
    return [
        "### Calibration",
        "",
        f"At {measured.choices:,} choices of wording in texts about held-out problems, each "
        f"possible token counted once ({points:,} in all): expected calibration error "
        f"{measured.expected_error:.4f}; mean distance of a single probability from its true "
        f"odds {measured.mean_error:.4f}; mean probability of tokens that cannot stand there "
        f"{measured.outside:.4f}. Where nothing is left to choice, the right token has mean "
        f"probability {measured.settled:.4f}.",
        "",
        "| Predicted | Count | Mean predicted | Mean true odds | Drawn |",
        "| --- | ---: | ---: | ---: | ---: |",
        *rows,
        "",
    ]


def _example(results: Results) -> list[str]:
    odds = [
        "| "
        + " | ".join(
            [
                str(position),
                *(f"`{token!r}` {probability:.2f}" for token, probability in row),
                *[""] * (3 - len(row)),
            ]
        )
        + " |"
        for position, row in enumerate(results.first_tokens, start=1)
    ]
    return [
        "### Example",
        "",
        "The greedy answer to `What is 43 x 34?`, a held-out problem:",
        "",
        "```text",
        results.example,
        "```",
        "",
        "and the likeliest tokens at its first positions after `<think>` and the line break "
        "(none below 0.005):",
        "",
        "| Position | 1st | 2nd | 3rd |",
        "| ---: | --- | --- | --- |",
        *odds,
        "",
    ]

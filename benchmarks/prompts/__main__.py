"""`python -m benchmarks.prompts --model FOLDER`: how many prompts of each kind it may be asked."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch

import tokenviz as tv
from benchmarks import machine
from benchmarks.prompts.asking import Answer, answer
from benchmarks.prompts.prompt import Prompt
from benchmarks.prompts.reader import KINDS, load


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask a model the prompts, and print by kind how many of them it may be asked."""
    options = _parser().parse_args(arguments)
    machine.pin()
    lm = tv.load_model(options.model, dtype=torch.float32)
    print(f"{'kind':<12} prompts  may be asked of {lm.name}", flush=True)
    all_prompts = all_asked = 0
    for kind in options.only or KINDS:
        prompts = load(kinds=(kind,))
        answers = []
        for prompt in prompts:
            answers.append(answer(lm, prompt))
            if options.each:
                print(_line(prompt, answers[-1]), flush=True)
        asked = sum(one is not None and one.may_be_asked for one in answers)
        print(f"{kind:<12} {len(prompts):>7} {asked:>8}", flush=True)
        all_prompts, all_asked = all_prompts + len(prompts), all_asked + asked
    print(f"{'all':<12} {all_prompts:>7} {all_asked:>8}")


def _line(prompt: Prompt, given: Answer | None) -> str:
    if given is None:
        return f"  –    {prompt.name}: cannot be put to it"
    return (
        f"  {'yes' if given.may_be_asked else 'no ':<4} {prompt.name}: {prompt.target!r} with "
        f"probability {given.probability:.2f}; exchanged, {prompt.foil!r} is preferred by "
        f"{given.preference:.1f} nats"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prompts", description=__doc__)
    parser.add_argument(
        "--model", help="a folder or a name on the Hub; the bundled one if left out"
    )
    parser.add_argument("--only", action="append", choices=KINDS, help="a kind; repeatable")
    parser.add_argument("--each", action="store_true", help="say it of each prompt")
    return parser


if __name__ == "__main__":
    main()

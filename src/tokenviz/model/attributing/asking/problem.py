"""What is asked: a prompt, targets, and the features that the answer is divided among."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch

from tokenviz.data.provenance import Grouping
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.model.attributing.asking.features import Features, parse_features
from tokenviz.model.attributing.asking.targets import (
    Reduction,
    Targets,
    continuation_tokens,
    parse_targets,
)
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.text.chat_options import ChatOptions
from tokenviz.model.text.grouping import Span
from tokenviz.model.text.prompt import EncodedPrompt, encode, encode_ids

__all__ = ["Problem", "parse_problem"]


@dataclass(frozen=True)
class Problem:
    """A prompt's ids ``[n]`` and embeddings ``[n, d]``, its features, and the targets.

    What else a model looks up by id is part of an embedding here; of a model that can only be given
    ids they are the ids ``[n, 1]`` (:mod:`tokenviz.model.running.inputs`).
    """

    ids: torch.Tensor
    inputs: torch.Tensor
    features: Features
    targets: Targets

    @property
    def n_prompt(self) -> int:
        """Tokens of the prompt."""
        return len(self.ids)


def parse_problem(
    lm: LoadedModel,
    prompt: Any,
    targets: Any,
    continuation: Any,
    *,
    reduction: Reduction = "sum",
    grouping: Grouping | Sequence[Span] | None = None,
    roles: str | Collection[str] | None = None,
    chat: ChatOptions | None = None,
) -> Problem:
    """Check the arguments that say what is explained, and by what."""
    encoded, columns = _prompt_and_targets(
        lm, prompt, targets, continuation, reduction, chat or ChatOptions()
    )
    tokens = lm.vocabulary.tokens(encoded.ids.tolist())
    features = parse_features(encoded, tokens, grouping, roles)
    inputs = lm.probe(find_inputs)
    return Problem(encoded.ids, inputs.rows(encoded.ids), features, columns)


def _prompt_and_targets(
    lm: LoadedModel,
    prompt: Any,
    targets: Any,
    continuation: Any,
    reduction: Reduction,
    chat: ChatOptions,
) -> tuple[EncodedPrompt, Targets]:
    given = [n for n, v in (("targets", targets), ("continuation", continuation)) if v is not None]
    if isinstance(prompt, list | tuple) and prompt and isinstance(prompt[0], Trace | str):
        what = "traces" if isinstance(prompt[0], Trace) else "texts"
        raise TypeError(
            f"prompt: attribute explains one prompt at a time, got a list of {len(prompt)} {what}; "
            "loop over them"
        )
    if isinstance(prompt, Trace):
        if given:
            raise ValueError(
                f"{given[0]}: a Trace brings its own targets, its generated tokens; "
                "pass trace.prompt's text or ids as the prompt to explain others"
            )
        ids = encode_ids(lm, _token_ids(prompt.prompt, "prompt.prompt"), name="prompt.prompt")
        chosen = _token_ids(prompt.tokens, "prompt.tokens")
        encoded = EncodedPrompt(ids, prompt.prompt_roles, prompt.prompt_turns)
        return encoded, continuation_tokens(lm, chosen, ids, "prompt.tokens")
    if len(given) != 1:
        raise ValueError(
            f"targets, continuation: expected one of the two, got {'both' if given else 'neither'}"
        )
    if continuation is not None and reduction != "sum":
        raise ValueError(
            "reduction: every token of a continuation is a column of its own, so there is nothing "
            "to average; leave it out"
        )
    encoded = encode(lm, prompt, chat)
    if targets is not None:
        return encoded, parse_targets(lm, targets, encoded.ids, reduction)
    return encoded, continuation_tokens(lm, continuation, encoded.ids)


def _token_ids(tokens: Sequence[Token], name: str) -> list[int]:
    if not tokens:
        raise ValueError(
            f"{name}: expected at least one token, got none; "
            "the trace must have a prompt (and a text) to be explained by it"
        )
    missing = [i for i, token in enumerate(tokens) if token.id is None]
    if missing:
        raise ValueError(
            f"{name}[{missing[0]}]: {tokens[missing[0]]!r} has no id; "
            "expected a trace made by this model (generate or score)"
        )
    return [cast(int, token.id) for token in tokens]

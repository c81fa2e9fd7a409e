"""Attribution by a scorer: the perturbation methods, of whoever gives log-probabilities."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from tokenviz._keywords import showing
from tokenviz.data.provenance import Grouping
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.model.attributing.asking.targets import Contrast, Reduction, Target
from tokenviz.model.attributing.attribute import baseline_of, explained
from tokenviz.model.attributing.engine.budget import time_budget as as_seconds
from tokenviz.model.attributing.engine.work import Work
from tokenviz.model.attributing.methods.method import METHODS, Asked
from tokenviz.model.attributing.question import OWN_DEFAULTS, Question, parse_question
from tokenviz.model.text.chat_options import CHAT_DEFAULTS, ChatKeywords
from tokenviz.model.text.grouping import Span
from tokenviz.model.text.prompt import Ids, Prompt
from tokenviz.scorers.objective import ScoredObjective
from tokenviz.scorers.scorer import Scorer
from tokenviz.scorers.speaking import Speaker, speaker_of
from tokenviz.scorers.words import Words

if TYPE_CHECKING:
    from tokenviz.data.attribution import Attribution

__all__ = ["PERTURBING", "asked_by", "attribute", "prepared"]

PERTURBING = ("occlusion", "shapley")
"""The methods that need nothing but scores of changed prompts."""

_INSTEAD = {
    "removal": "; use method='occlusion', the half of removal that needs no gradients: what the "
    "score loses with another token in one's place"
}
_SCORES = ("logprob", "probability")
_SHOWN = {name: OWN_DEFAULTS[name] for name in ("n_samples", "seed", "window")}


@showing({**_SHOWN, **CHAT_DEFAULTS}, ChatKeywords)
def attribute(
    scorer: Scorer,
    prompt: Prompt | Trace,
    targets: str | Target | Sequence[Target] | None = None,
    *,
    continuation: str | Ids | None = None,
    method: str = "occlusion",
    tokenizer: Any = None,
    score: str = "logprob",
    reduction: Reduction = "sum",
    baseline: str | int | None = None,
    grouping: Grouping | Sequence[Span] | None = None,
    roles: str | Collection[str] | None = None,
    time_budget: float | None = None,
    progress: bool | None = None,
    **options: Any,
) -> Attribution:
    """Explain what a scorer gives for some targets by the tokens of the prompt.

    As :meth:`LanguageModel.attribute`, for models of which only log-probabilities are at hand:
    tokens are replaced by another or left out, and the scorer is asked again. Where it runs the
    same weights the numbers are the same.

    Parameters
    ----------
    scorer
        A server (:func:`tokenviz.scorers.completions`), vLLM in this process
        (:func:`tokenviz.scorers.vllm`), or a function ``scorer(prompts, target)`` from a list of
        prompts, and what follows each, to natural log-probabilities: ``[prompts]``, or one for each
        id of the target, ``[prompts, ids]``. It gets lists of ids where there is a tokenizer, else
        texts.
    prompt
        Text, chat messages or token ids; or a :class:`Trace` whose tokens have ids.
    targets
        What is explained, one column each: text or a sequence of ids (a whole continuation of the
        prompt), one id (the next token), or a :class:`Contrast`.
    continuation
        Instead of ``targets``: text or ids, one column per token, each given those before it.
    method
        "occlusion" or "shapley"; the others need a model at hand.
    tokenizer
        That of the model, where the scorer brings none: an object of transformers or tokenizers, or
        a path. Without one features are words.
    score
        "logprob", in nats, or "probability".
    reduction
        "mean" averages the scores of a continuation's tokens instead.
    baseline
        What stands in a token's place: a token by id or by the tokenizer's name for it ("eos",
        "bos", "unk", "pad", "mask"); for occlusion also "delete". By default the token that ends a
        text, as of ``lm.attribute(…, baseline="eos")``; in a word's place, a space.
    window
        occlusion: so many neighbouring tokens (or groups) are occluded together.
    n_samples, seed
        shapley: how many orders are drawn (an even number, 24 unless given), and the seed of the
        draws (0). Up to 10 tokens or groups are computed exactly unless ``n_samples`` is given.
    grouping
        Rows are groups of tokens: "word", "sentence", "line", "turn" (of a chat), or spans.
    roles
        Of a chat, only tokens with these roles are rows.
    chat_template, tools, documents, continue_final_message, add_generation_prompt
        How chat messages become text, as :meth:`LanguageModel.generate` says.
    time_budget
        Seconds after which it ends with what it has, and says so; None for as long as it takes.
    progress
        Whether to show a progress bar; None: if it takes longer than two seconds.

    Returns
    -------
    Attribution
        Values ``[rows, targets]`` in the unit of the score. If the user interrupts, what is
        finished comes back with ``partial=True``, the rest NaN; a server is not asked again for
        what it has answered when it is called once more.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or the scorer gives no
        log-probabilities.
    ServerError
        If a server refuses, or keeps failing. What it had answered is kept.

    See Also
    --------
    tokenviz.scorers.estimate : how many requests that takes, before one is sent.
    """
    started = time.perf_counter()
    speaker, question = asked_by(
        scorer, prompt, targets, tokenizer=tokenizer, continuation=continuation, method=method,
        score=score, reduction=reduction, baseline=baseline, grouping=grouping, roles=roles,
        **options,
    )  # fmt: skip
    return _answered(speaker, question, as_seconds(time_budget), progress, started)


def asked_by(
    scorer: Scorer, prompt: Any, targets: Any, *, tokenizer: Any = None, **how: Any
) -> tuple[Speaker, Question]:
    """Who is asked, and what, checked.

    Raises
    ------
    TypeError, ValueError
        As :func:`attribute` says.
    """
    how = {"method": "occlusion", "score": "logprob", **how}
    if how["method"] in METHODS and how["method"] not in PERTURBING:
        raise ValueError(
            f"method: {how['method']} needs a model at hand, of which it takes gradients or "
            f"attention; a scorer serves {' and '.join(map(repr, PERTURBING))}"
            + _INSTEAD.get(how["method"], "")
        )
    if how["score"] not in _SCORES:
        raise ValueError(
            f"score: a scorer gives log-probabilities; expected 'logprob' or 'probability', got "
            f"{how['score']!r}"
        )
    speaker = speaker_of(scorer, tokenizer, prompt)
    if isinstance(speaker.tokenizer, Words):
        _check_texts(targets, how.get("continuation"))
    question = parse_question(speaker, prompt, targets, **how)
    if any(term.function is not None for term in question.problem.targets.terms):
        raise TypeError("targets: a scorer shows no logits, of which there could be a function")
    return speaker, question


def _answered(
    speaker: Speaker,
    question: Question,
    seconds: float | None,
    progress: bool | None,
    started: float,
) -> Attribution:
    with torch.no_grad():
        asked, baseline = prepared(speaker, question, seconds)
        found = explained(question.method, asked, baseline, progress, started)
    return _of_words(found) if isinstance(speaker.tokenizer, Words) else found


def _of_words(found: Attribution) -> Attribution:
    """Without ids, which are no tokenizer's where words were numbered as they came."""
    return replace(
        found,
        tokens=tuple(map(_unnumbered, found.tokens)),
        targets=tuple(
            _unnumbered(target) if isinstance(target, Token) else target for target in found.targets
        ),
        baseline="delete" if found.baseline == "delete" else "a space",
        prompt_ids=None,
        spans=None,
        terms=None,
    )


def _unnumbered(token: Token) -> Token:
    return Token(token.bytes, special=token.special)


def prepared(
    speaker: Speaker, question: Question, seconds: float | None = None
) -> tuple[Asked, str | None]:
    """What a method is asked, and what a caption calls its baseline."""
    problem, options = question.problem, question.options
    baseline, name = baseline_of(speaker, question)
    objective = ScoredObjective(
        speaker, problem.targets, options.score, problem.inputs, Work(seconds=seconds)
    )
    return Asked(speaker, problem, options, objective, baseline), name


def _check_texts(targets: Any, continuation: Any) -> None:
    """Refuse ids where nobody knows what they mean."""
    entries = targets if isinstance(targets, list | tuple) else [targets]
    named = [(f"targets[{k}]", entry) for k, entry in enumerate(entries)]
    for name, entry in [*named, ("continuation", continuation)]:
        texts = [entry.target, entry.foil] if isinstance(entry, Contrast) else [entry]
        for text in texts:
            if text is not None and not isinstance(text, str) and not callable(text):
                raise TypeError(
                    f"{name}: without the model's tokenizer expected text, got "
                    f"{type(text).__name__}: {text!r}"
                )

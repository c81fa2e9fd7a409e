"""What is asked, and what a kernel notes while it is: the part that runs in a notebook."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tokenviz as tv
from benchmarks.render.cases import trace
from tokenviz.data.branch import Branch, Origin

__all__ = ["Notes", "answered", "large_tree", "tv"]

_QUESTION = [{"role": "user", "content": "What is 47 * 36?"}]
"""The bundled model writes some hundred tokens about it."""
_TEXT = "The capital of France is"
_WRITTEN = 40


def answered(model: str = "") -> tv.Explorer:
    """Have a model answer in an explorer: the bundled one by thinking aloud."""
    if model:
        explorer = tv.load_model(model).explore(_TEXT, max_new_tokens=_WRITTEN)
    else:
        explorer = tv.load_model().explore(_QUESTION, max_new_tokens=200)
    explorer.wait()
    explorer.min_probability = 0.0  # all alternatives can be clicked
    return explorer


def large_tree(branches: int, tokens: int) -> tv.TraceTree:
    """Branches of so many tokens, each of which leaves one before it by an alternative."""
    rng = np.random.default_rng(2)
    whole = trace(branches * tokens)
    words = [tv.Token(word.text, id=i) for i, word in enumerate(whole.vocabulary)]
    alternatives = whole.alternative_index.reshape(branches, tokens, -1).copy()
    index = whole.index.reshape(branches, tokens).copy()
    made: list[Branch] = []
    for number in range(branches):
        parent, position, origin = None, 0, Origin("written")
        if number:
            parent = int(rng.integers(number))
            at = int(rng.integers(1, tokens))
            position = made[parent].position + at
            index[number, 0] = alternatives[parent, at, 0]
            origin = Origin("alternative", 1, slot=1)
        own = slice(number * tokens, (number + 1) * tokens)
        others = whole.alternative_logprobs.reshape(branches, -1)[number]
        # As texts that were written, each knows its own tokens only.
        used, places = np.unique(
            np.concatenate([index[number], alternatives[number].ravel()]), return_inverse=True
        )
        run = tv.Trace.from_columns(
            [words[i] for i in used],
            places[:tokens],
            whole.logprobs[own],
            np.arange(tokens + 1) * alternatives.shape[2],
            places[tokens:],
            others,
            ranks=whole.ranks[own],
            entropies=whole.entropies[own],
        )
        made.append(Branch(run, parent, position, f"branch {number}", origin))
    return tv.TraceTree(words[:20], made)


class Notes:
    """When the kernel of an explorer heard, computed and told, in milliseconds since the epoch.

    Parameters
    ----------
    explorer
        Whose.

    Attributes
    ----------
    patience
        Seconds for which a question is computed over and over before it is answered.
    """

    def __init__(self, explorer: Any) -> None:
        self._explorer = explorer
        self._moments: list[tuple[str, float, Any]] = []
        self._generation: Any = None
        self.patience = 0.0
        session = explorer._session
        _around(explorer, "_handle_custom_msg", self._hear)
        _around(explorer, "send", self._send)
        _around(session._model, "why", self._why)
        _around(session, "write", self._write)
        _around(session.journal, "grow", self._grow)

    def take(self) -> str:
        """What was noted since this was called last, as JSON: (what, when, how much)."""
        moments, self._moments = self._moments, []
        return json.dumps(moments)

    def forget(self) -> None:
        """Have the model remember nothing of the texts so far."""
        self._explorer._session._model._branching.memories.forget()

    def _note(self, what: str, how_much: Any = None) -> None:
        self._moments.append((what, 1000 * time.time(), how_much))

    def _hear(self, usual: Callable[..., Any], content: Any, buffers: Any) -> None:
        self._note("heard", content.get("tokenviz"))
        usual(content, buffers)

    def _send(self, usual: Callable[..., Any], content: Any, buffers: Any = None) -> None:
        usual(content, buffers)
        self._note("told", content.get("tokenviz"))

    def _why(self, usual: Callable[..., Any], *asked: Any) -> Any:
        self._note("begun")
        cpu = time.process_time()
        until = time.monotonic() + self.patience
        found = usual(*asked)
        while time.monotonic() < until:
            found = usual(*asked)
        self._note("computed", 1000 * (time.process_time() - cpu))
        return found

    def _write(self, usual: Callable[..., Any], generation: Any, number: int) -> None:
        self._generation = generation
        usual(generation, number)

    def _grow(self, usual: Callable[..., Any], step: Any) -> None:
        usual(step)
        self._note("written", self._generation and self._generation.computed)


def _around(owner: Any, name: str, instead: Callable[..., Any]) -> None:
    """Have a method called through another, which is given it first."""
    usual = getattr(owner, name)
    setattr(owner, name, lambda *given, **named: instead(usual, *given, **named))

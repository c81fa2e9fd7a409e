"""What is true of the fixtures made of ``scored.json``, read here without tokenviz's readers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tokenviz import Token, Trace

FIXTURES = Path(__file__).parent / "fixtures"
SCORED: dict[str, Any] = json.loads((FIXTURES / "scored.json").read_text(encoding="utf-8"))
PROMPT: list[dict[str, Any]] = SCORED["prompt"]["tokens"]
FIRST, SECOND = (choice["tokens"] for choice in SCORED["choices"])
_CLOSE = 2e-6


def check(trace: Trace, truth: list[dict[str, Any]], *, hidden_beyond: int | None = None) -> None:
    """That every number is right, or said not to be known; and every token, or said so too.

    ``hidden_beyond`` is the rank beyond which the producer gives no log-probability.
    """
    assert len(trace) == len(truth)
    for i, (token, true) in enumerate(zip(trace.tokens, truth, strict=True)):
        assert is_right(token, true), (i, token)
        is_hidden = hidden_beyond is not None and true["rank"] > hidden_beyond
        if true["logprob"] is None or is_hidden:
            assert math.isnan(trace.logprobs[i]), i
        else:
            assert abs(trace.logprobs[i] - true["logprob"]) < _CLOSE, i
        check_alternatives(trace, i, true)
        check_rank(trace, i, true)


def check_both(traces: list[Trace], source: str, model: str | None) -> None:
    """That both choices are right, with all that was listed of each, and say whose they are."""
    for trace, truth in zip(traces, (FIRST, SECOND), strict=True):
        check(trace, truth)
        assert counts(trace) == listed(truth)
        assert (trace.source, trace.model) == (source, model)


def is_right(token: Token, true: dict[str, Any]) -> bool:
    """Whether a token is the true one, as far as it says what it is."""
    if token.id is not None and token.id != true["id"]:
        return False
    return token.unknown or token.bytes == bytes(true["bytes"])


def check_alternatives(trace: Trace, i: int, true: dict[str, Any]) -> None:
    """That alternatives are among those that were listed, with their numbers, the chosen not."""
    left = [other for other in true["top"] if other["id"] != true["id"]]
    for alternative in sorted(trace.alternatives[i], key=lambda a: a.token.unknown):
        found = next(
            (
                other
                for other in left
                if is_right(alternative.token, other)
                and abs(alternative.logprob - other["logprob"]) < _CLOSE
            ),
            None,
        )
        assert found is not None, (i, alternative)
        left.remove(found)


def check_rank(trace: Trace, i: int, true: dict[str, Any]) -> None:
    """That a rank is the true one, or at most it where it says so. Of equals any may be first."""
    if trace.ranks[i] == 0:
        return
    if trace.ranks_at_least[i]:
        assert trace.ranks[i] <= true["rank"], i
    else:
        above = sum(other["logprob"] > true["logprob"] for other in true["top"])
        assert true["rank"] <= len(true["top"]), i
        assert trace.ranks[i] == above + 1, i


def listed(truth: list[dict[str, Any]]) -> list[int]:
    """How many alternatives there are at each position."""
    return [sum(other["id"] != true["id"] for other in true["top"]) for true in truth]


def counts(trace: Trace) -> list[int]:
    """How many alternatives a trace has at each position."""
    return [len(alternatives) for alternatives in trace.alternatives]


class Ids:
    """A tokenizer that knows the tokens of the fixtures."""

    def __init__(self) -> None:
        self.tokens: dict[int, Token] = {}
        for true in [*PROMPT, *FIRST, *SECOND]:
            for one in [true, *true["top"]]:
                self.tokens[one["id"]] = Token(bytes(one["bytes"]), id=one["id"])

    def token(self, id: int) -> Token:  # noqa: A002
        """The token of an id."""
        if id not in self.tokens:
            raise ValueError(f"id {id}: there is no such token")
        return self.tokens[id]


def lines(name: str) -> list[Any]:
    """The rows of a ``.jsonl`` fixture."""
    text = (FIXTURES / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def whole(name: str) -> Any:
    """What a ``.json`` fixture holds."""
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


class Dumped:
    """An object of a client: pydantic's, as far as reading goes."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def model_dump(self) -> Any:
        """The object as plain values."""
        return self.value


def known(trace: Trace) -> bytes:
    """The bytes of a trace whose tokens are all known."""
    assert not any(token.unknown for token in trace.tokens)
    return b"".join(token.bytes for token in trace.tokens)


def batch(*bodies: Any) -> list[dict[str, Any]]:
    """The rows of an output file of a batch, a request for each body."""
    return [
        {
            "id": f"batch_req_{i}", "custom_id": f"request-{i}", "error": None,
            "response": {"status_code": 200, "request_id": f"r{i}", "body": body},
        }
        for i, body in enumerate(bodies)
    ]  # fmt: skip

"""Log-probabilities from a server with an OpenAI-compatible completions endpoint.

A prompt and its target are sent as one prompt that the server repeats with log-probabilities; the
last of them are the target's. Prompts go several to a request and several requests at a time, what
was answered is remembered, and requests are counted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from tokenviz.scorers.echo import by_ids, by_text, choices_of, written_by
from tokenviz.scorers.memory import Memory
from tokenviz.scorers.scorer import Text
from tokenviz.scorers.secret import Secret, without_user
from tokenviz.scorers.transport import Transport

__all__ = ["Completions", "completions"]

Ask = Literal["echo", "prompt_logprobs"]
Send = Literal["ids", "text"]
Numbers = npt.NDArray[np.float64]

_BODIES: dict[str, dict[str, Any]] = {
    # One token is always written: of some servers 0 means as many as there is room for.
    "echo": {"echo": True, "logprobs": 1, "max_tokens": 1, "temperature": 0},
    "prompt_logprobs": {"prompt_logprobs": 0, "max_tokens": 1, "temperature": 0},
}


def completions(
    base_url: str,
    model: str,
    *,
    api_key: str | None = None,
    tokenizer: Any = None,
    ask: Ask = "echo",
    send: Send | None = None,
    batch: int = 8,
    concurrency: int = 8,
    retries: int = 5,
    timeout: float = 120.0,
    cache: str | Path | None = None,
    extra_body: Mapping[str, Any] | None = None,
) -> Completions:
    """Score by a server that gives log-probabilities of the prompt.

    vLLM, SGLang, llama-cpp-python and others do; hosted models mostly do not.

    Parameters
    ----------
    base_url
        Up to what is before ``/completions``: "http://localhost:8000/v1".
    model
        What the server calls the model.
    api_key
        Sent as a bearer token, and never shown. None: none is sent, whatever the environment holds.
    tokenizer
        That of the server's model: a transformers or tokenizers object, or a path to a folder or a
        tokenizer.json (nothing is downloaded). With it, features are the model's own tokens.
        Without, they are words, and text is sent.
    ask
        "echo" asks for the prompt to be repeated with log-probabilities; "prompt_logprobs" is
        vLLM's own way, in which each number comes with the id that it belongs to.
    send
        Prompts as "ids" or "text"; None: as ids where there is a tokenizer. Of text a server makes
        tokens of its own, which must part where the target begins; it also puts before it what
        begins every text, so nothing is lost without that, and its value is 0.
    batch
        Prompts in one request; 1 for servers that take no lists.
    concurrency
        Requests under way at a time.
    retries
        How often a request is sent again that was refused for now (429, 5xx), timed out or was
        answered by half, after pauses that double or that the server asks for.
    timeout
        Seconds without a sign of the server.
    cache
        A file in which answers are kept, so that a run that was ended goes on where it was, in
        another process too; None keeps them as long as the scorer.
    extra_body
        More fields of each request, as the OpenAI client calls them.

    Returns
    -------
    Completions
        To be given to :func:`tokenviz.attribute`.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.
    ImportError
        If httpx is not installed (the extra "servers").
    """
    return Completions(
        base_url,
        model,
        Secret(api_key),
        tokenizer=tokenizer,
        ask=ask,
        send=send,
        batch=batch,
        concurrency=concurrency,
        retries=retries,
        timeout=timeout,
        cache=cache,
        extra_body=extra_body,
    )


class Completions:
    """A server as a scorer; see :func:`completions`.

    Attributes
    ----------
    name
        What the server calls the model.
    tokenizer
        That of the model, or None.
    send
        "ids" or "text".
    at_once
        How many prompts keep all connections busy for a while.
    """

    def __init__(
        self,
        base_url: Any,
        model: Any,
        key: Secret,
        *,
        tokenizer: Any,
        ask: Ask,
        send: Send | None,
        batch: int,
        concurrency: int,
        retries: int,
        timeout: float,
        cache: str | Path | None,
        extra_body: Mapping[str, Any] | None,
    ) -> None:
        _check_address(base_url)
        _check_key(key)
        if not isinstance(model, str) or not model:
            raise TypeError(f"model: expected the name that the server knows, got {model!r}")
        if ask not in get_args(Ask):
            raise ValueError(f"ask: expected 'echo' or 'prompt_logprobs', got {ask!r}")
        if send is not None and send not in get_args(Send):
            raise ValueError(f"send: expected 'ids', 'text' or None, got {send!r}")
        if send == "ids" and tokenizer is None:
            raise ValueError("send: ids come from the model's tokenizer; give it as `tokenizer`")
        self.name = model
        self.tokenizer = tokenizer
        self.send: Send = send or ("text" if tokenizer is None else "ids")
        if ask == "prompt_logprobs" and self.send == "text":
            raise ValueError(
                "ask: 'prompt_logprobs' come by id; give the model's tokenizer as `tokenizer`, so "
                "that ids are sent, or ask='echo'"
            )
        self._batch = _at_least("batch", batch, 1)
        self.at_once = 8 * self._batch * _at_least("concurrency", concurrency, 1)
        self._ask = ask
        self._url = base_url.rstrip("/") + "/completions"
        self._memory = Memory(cache)
        self._extra = dict(extra_body or {})
        self._transport = Transport(
            self._url,
            key,
            concurrency=concurrency,
            retries=_at_least("retries", retries, 0),
            timeout=timeout,
        )

    @property
    def requests(self) -> int:
        """How many requests were sent, those sent again included."""
        return self._transport.requests

    @property
    def repeated(self) -> int:
        """How many requests were sent again."""
        return self._transport.repeated

    def __repr__(self) -> str:
        return (
            f"Completions({without_user(self._url)!r}, {self.name!r}, {self.requests:,} requests, "
            f"{len(self._memory):,} answers known)"
        )

    def requests_for(self, prompts: int) -> int:
        """In how many requests so many prompts go."""
        return -(-prompts // self._batch)

    def missing(self, prompts: Sequence[Text], target: Text) -> list[int]:
        """Which of the prompts were not yet answered, by number, each distinct one once."""
        known: dict[bytes, int] = {}
        for number, prompt in enumerate(prompts):
            asked = self._digest(prompt, target)
            if asked not in known and self._memory.find(asked) is None:
                known[asked] = number
        return list(known.values())

    def __call__(self, prompts: Sequence[Text], target: Text) -> Numbers:
        """Log-probabilities of a target after each of some prompts.

        Parameters
        ----------
        prompts
            Ids or texts, as ``send`` says.
        target
            The same kind.

        Returns
        -------
        numpy.ndarray
            Of each id, ``[prompts, ids]``; of text ``[prompts]``.

        Raises
        ------
        ServerError
            If the server refuses, or answers something else. What it had answered is kept.
        """
        missing = self.missing(prompts, target)
        batches = [missing[k : k + self._batch] for k in range(0, len(missing), self._batch)]
        bodies = [self._body([prompts[k] for k in own], target) for own in batches]
        for number, answer in self._transport.posts(bodies) if bodies else _nothing():
            own = [prompts[k] for k in batches[number]]
            self._memory.keep(
                {
                    self._digest(prompt, target): found
                    for prompt, found in zip(own, self._read(answer, own, target), strict=True)
                }
            )
        found = [self._memory.find(self._digest(prompt, target)) for prompt in prompts]
        stacked = np.stack([one for one in found if one is not None])
        return stacked if self.send == "ids" else stacked[:, 0]

    def _body(self, prompts: list[Text], target: Text) -> dict[str, Any]:
        whole: list[Any] = [_joined(prompt, target) for prompt in prompts]
        own = {"model": self.name, "prompt": whole[0] if len(whole) == 1 else whole}
        return own | _BODIES[self._ask] | self._extra

    def _read(self, answer: Any, prompts: list[Text], target: Text) -> list[Numbers]:
        choices = choices_of(answer, len(prompts))
        if isinstance(target, str):
            return [
                np.array([by_text(choice, str(prompt), target)])
                for choice, prompt in zip(choices, prompts, strict=True)
            ]
        written, said = written_by(answer, len(prompts)), list(map(self._said, target))
        return [
            by_ids(choice, len(prompt), target, said, written)
            for choice, prompt in zip(choices, prompts, strict=True)
        ]

    def _said(self, id_: int) -> str | None:
        """What a token is called, where that is text."""
        token = self._vocabulary[id_]
        if token.special:  # which some servers leave out of what they say
            return None
        try:
            return token.bytes.decode() or None
        except UnicodeDecodeError:
            return None

    @cached_property
    def _vocabulary(self) -> Any:
        from tokenviz.model.text.vocabulary import Vocabulary
        from tokenviz.scorers.speaking import tokenizer_of

        return Vocabulary(tokenizer_of(self.tokenizer))

    def _digest(self, prompt: Text, target: Text) -> bytes:
        """What is asked, in a few bytes: of another server, model or setting others."""
        asked = [without_user(self._url), self.name, self._ask, self._extra, prompt, target]
        return hashlib.blake2b(json.dumps(asked, sort_keys=True).encode(), digest_size=20).digest()


def _joined(prompt: Text, target: Text) -> Text:
    if isinstance(prompt, str):
        return prompt + str(target)
    return [*prompt, *(int(id_) for id_ in target)]


def _nothing() -> Iterator[tuple[int, Any]]:
    return iter(())


def _check_address(base_url: Any) -> None:
    is_address = isinstance(base_url, str) and urlsplit(base_url).scheme in {"http", "https"}
    if not is_address or not urlsplit(base_url).hostname:
        shown = without_user(base_url) if isinstance(base_url, str) else base_url
        raise ValueError(
            f"base_url: expected an address such as 'http://localhost:8000/v1', got {shown!r}"
        )


def _check_key(key: Secret) -> None:
    """Refuse what no header can hold, without showing it."""
    value = key.reveal()
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"api_key: expected text or None, got {type(value).__name__}")
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError("api_key: expected printable ASCII, as a header can hold; got other text")


def _at_least(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name}: expected an int of at least {least}, got {value!r}")
    return value

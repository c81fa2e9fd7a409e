"""A scorer as the computations see a model: its tokenizer, its name, and that it is given ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import Any, cast

import torch

from tokenviz.model.running.inputs import Ids, find_inputs
from tokenviz.model.running.loaded_model import Finding, LoadedModel
from tokenviz.model.text.vocabulary import Vocabulary
from tokenviz.scorers.scorer import Scorer, Text
from tokenviz.scorers.words import Numbers, Words

__all__ = ["Speaker", "speaker_of", "tokenizer_of"]


class Speaker(LoadedModel):
    """What stands in a model's place where there is none.

    Whatever asks it for weights asks in vain; what is asked for here is enough to say which ids
    there are and what they mean. Tokens are given as ids, so they can be replaced by other tokens
    and left out, and nothing lies between them.

    Parameters
    ----------
    scorer
        Who is asked.
    tokenizer
        A transformers tokenizer, or what stands for one.
    sends_text
        Whether the scorer is given text.
    """

    def __init__(self, scorer: Scorer, tokenizer: Any, *, sends_text: bool) -> None:
        # Not LoadedModel's own: it checks a model.
        self.scorer = scorer
        self._model = cast(Any, scorer)  # by whose class messages call it
        self.tokenizer = tokenizer
        self.sends_text = sends_text

    @property
    def name(self) -> str:
        """What figures call it."""
        own = getattr(self.scorer, "name", None) or getattr(self.scorer, "__name__", None)
        return str(own or type(self.scorer).__name__)

    @property
    def device(self) -> torch.device:
        """Where ids are."""
        return torch.device("cpu")

    @property
    def dtype(self) -> torch.dtype:
        """The number format of scores."""
        return torch.float64

    @property
    def max_context(self) -> None:
        """Not known: who is asked says so."""

    @property
    def vocabulary_size(self) -> int:
        """How many ids there are."""
        return len(self.tokenizer)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The tokens of the vocabulary, by id."""
        return Vocabulary(self.tokenizer)

    def probe(self, find: Callable[[LoadedModel], Finding]) -> Finding:
        """What is known without a trial."""
        if find is find_inputs:
            return Ids(self)  # type: ignore[return-value]
        raise TypeError(f"scorer: {find.__name__} needs a model's weights, and there are none")

    def written(self, ids: Sequence[int], name: str) -> Text:
        """Some ids as the scorer is given them.

        Raises
        ------
        ValueError
            If they are to be text and are none.
        """
        if not self.sends_text:
            return list(ids)
        tokens = self.vocabulary.tokens(ids)
        # What begins every text is the server's to put before it.
        first = getattr(self.tokenizer, "bos_token_id", None)
        if name == "prompt" and first is not None and tokens and tokens[0].id == first:
            tokens = tokens[1:]
        data = b"".join(token.bytes for token in tokens)
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise ValueError(
                f"{name}: {data.decode(errors='replace')!r} is left of a text whose characters are "
                "in several tokens, and is none; use grouping='word', or a scorer that is sent ids"
            ) from None


def speaker_of(scorer: Scorer, tokenizer: Any, prompt: Any) -> Speaker:
    """Who stands in a model's place for a scorer, to explain a prompt.

    Raises
    ------
    TypeError, ValueError
        If the scorer cannot be called, or is given ids and takes text.
    """
    if not callable(scorer):
        raise TypeError(
            "scorer: expected a function from prompts and a target to log-probabilities, or one of "
            f"tokenviz.scorers, got {type(scorer).__name__}; a model explains itself, by "
            "lm.attribute"
        )
    own = getattr(scorer, "tokenizer", None)
    if tokenizer is not None and own is not None and tokenizer is not own:
        raise ValueError("tokenizer: the scorer has one of its own; leave it out")
    known = tokenizer_of(own if tokenizer is None else tokenizer)
    send = getattr(scorer, "send", None)
    if known is None and not isinstance(prompt, str):
        if send == "text":
            raise TypeError(
                "prompt: expected text, which is what the scorer sends, got "
                f"{type(prompt).__name__}; make the scorer with the model's tokenizer"
            )
        known = Numbers()
    if known is None:
        return Speaker(scorer, Words(), sends_text=True)
    return Speaker(scorer, known, sends_text=send == "text")


def tokenizer_of(given: Any) -> Any:
    """A transformers tokenizer from one, from one of tokenizers, or from a path; None from None.

    Raises
    ------
    FileNotFoundError
        If nothing is at the path: nothing is downloaded.
    TypeError
        If it is of no accepted form.
    """
    if given is None or (callable(given) and hasattr(given, "convert_ids_to_tokens")):
        return given
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    wrap: Any = PreTrainedTokenizerFast
    if isinstance(given, str | PathLike):
        path = Path(fspath(given))
        if not path.exists():
            raise FileNotFoundError(
                f"tokenizer: expected a folder or a tokenizer.json, nothing is at {str(path)!r} "
                "(nothing is downloaded)"
            )
        if path.is_file():
            return wrap(tokenizer_file=str(path))
        load: Any = AutoTokenizer
        return load.from_pretrained(str(path), local_files_only=True)
    if type(given).__module__.partition(".")[0] == "tokenizers":
        return wrap(tokenizer_object=given)
    raise TypeError(
        "tokenizer: expected one of transformers or tokenizers, or a path, got "
        f"{type(given).__name__}"
    )

"""A model and its tokenizer as computations see them: what is known of the two, and found out once.

The user's model is borrowed, never changed: evaluation mode and frozen parameters end with each
call (:mod:`tokenviz.model.running.forward`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch

from tokenviz.data.tokens import Token
from tokenviz.model.running.forward import setting, text_config
from tokenviz.model.running.positions import grows_with_length
from tokenviz.model.running.wrapping import described, input_device

__all__ = ["LoadedModel", "TokenTable"]

Finding = TypeVar("Finding")

_CONTEXT_NAMES = ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length")


class TokenTable(Protocol):
    """The tokens of a vocabulary, by id."""

    def __getitem__(self, id_: int) -> Token:
        """The token of an id."""
        ...

    def tokens(self, ids: Iterable[int]) -> list[Token]:
        """The tokens of a sequence of ids."""
        ...


class LoadedModel(ABC):
    """A causal language model of transformers, or what behaves like one, and its tokenizer.

    Parameters
    ----------
    model
        The model.
    tokenizer
        Its tokenizer, fast or slow.
    name
        What figures call the model; by default the last part of the path it was loaded from.

    Raises
    ------
    TypeError
        If ``model`` or ``tokenizer`` is not of the expected kind.
    ValueError
        If ``model`` has no causal language-model head.
    """

    def __init__(self, model: torch.nn.Module, tokenizer: Any, *, name: str | None = None) -> None:
        _check_model(model)
        _check_tokenizer(tokenizer)
        self._model = model
        self.tokenizer = tokenizer
        self._name = name
        self._findings: dict[Callable[[LoadedModel], Any], Any] = {}

    @property
    def model(self) -> torch.nn.Module:
        """The model; another one may be put in its place."""
        return self._model

    @model.setter
    def model(self, model: torch.nn.Module) -> None:
        _check_model(model)
        self._model = model
        self._findings.clear()  # what was found of one model need not hold of another

    @property
    def name(self) -> str:
        """What figures call the model."""
        inner = described(self.model)
        path = str(getattr(inner, "name_or_path", "") or "")
        return self._name or Path(path).name or type(inner).__name__

    @property
    def device(self) -> torch.device:
        """Where token ids and embeddings go in."""
        return input_device(self.embedding)

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the embeddings."""
        return self._embedding_weight.dtype

    @property
    def max_context(self) -> int | None:
        """The most tokens that the model takes; None where it does not say.

        Nor does one with dynamic rotary embeddings, which are for texts beyond that length.
        """
        if grows_with_length(self.model, ("dynamic",)):
            return None
        for name in _CONTEXT_NAMES:
            value = setting(self.model, name)
            if isinstance(value, int) and value > 0:
                return value
        return None

    @property
    def embedding(self) -> Any:
        """The input embedding layer: ids ``[…]`` to embeddings ``[…, d]``."""
        return described(self.model).get_input_embeddings()

    @property
    def vocabulary_size(self) -> int:
        """How many ids the model knows: the rows of its embedding, padding included."""
        weight = getattr(self.embedding, "weight", None)
        if isinstance(weight, torch.Tensor):
            return weight.shape[0]
        # An embedding in parts has no rows to count.
        return int(text_config(self.model).vocab_size)

    @property
    @abstractmethod
    def vocabulary(self) -> TokenTable:
        """The tokens of the vocabulary, by id."""

    def probe(self, find: Callable[[LoadedModel], Finding]) -> Finding:
        """What a trial of the model finds that costs forward passes, made the first time.

        A trial that raises has found nothing, and is made again.
        """
        if find not in self._findings:
            self._findings[find] = find(self)
        finding: Finding = self._findings[find]
        return finding

    def __repr__(self) -> str:
        dtype = str(self.dtype).removeprefix("torch.")
        kind = type(self).__name__
        return f"{kind}({self.name!r}, {type(self.model).__name__}, {dtype}, {self.device})"

    @property
    def _embedding_weight(self) -> torch.Tensor:
        weight = getattr(self.embedding, "weight", None)
        return weight if isinstance(weight, torch.Tensor) else next(self.embedding.parameters())


def _check_model(model: Any) -> None:
    if isinstance(model, str | Path):
        raise TypeError(
            f"model: expected a model object, got {model!r}; "
            "to load one by name or path, use tokenviz.load_model"
        )
    inner = described(model) if isinstance(model, torch.nn.Module) else None
    if inner is None:
        raise TypeError(
            "model: expected a transformers causal language model (…ForCausalLM), or what wraps "
            f"one, got {type(model).__name__}; it needs `config`, `get_input_embeddings` and "
            "`get_output_embeddings`, its own or those of the one model in it"
        )
    kind = type(inner).__name__
    if bool(getattr(inner.config, "is_encoder_decoder", False)):
        raise ValueError(
            f"model: {kind} is an encoder–decoder model, which tokenviz cannot explain yet; "
            "expected a decoder-only one (a causal language model)"
        )
    # Transformers' own classes without generate() have no such head; a model's own code may have
    # one and leave out the mixin.
    own_code = not type(inner).__module__.startswith("transformers.")
    generates = own_code or getattr(inner, "can_generate", lambda: True)()
    if inner.get_output_embeddings() is None or not generates:
        raise ValueError(
            f"model: {kind} has no causal language-model head; load it with "
            "AutoModelForCausalLM instead"
        )
    weights = [*inner.get_input_embeddings().parameters()]
    if any(weight.device.type == "meta" for weight in weights) and not _is_fetched(model):
        raise ValueError(
            f"model: {kind} has no weights (they are on the meta device, and nothing is there to "
            "fetch them when it runs); load it with from_pretrained"
        )


def _is_fetched(model: torch.nn.Module) -> bool:
    """Whether weights that are elsewhere come when they are needed (accelerate's offloading)."""
    return any(hasattr(module, "_hf_hook") for module in model.modules())


def _check_tokenizer(tokenizer: Any) -> None:
    needed = ("convert_ids_to_tokens", "all_special_ids")
    if not callable(tokenizer) or not all(hasattr(tokenizer, name) for name in needed):
        raise TypeError(
            f"tokenizer: expected a transformers tokenizer, got {type(tokenizer).__name__}; "
            "wrap a tokenizers.Tokenizer in transformers.PreTrainedTokenizerFast"
        )

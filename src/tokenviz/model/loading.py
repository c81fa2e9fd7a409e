"""Loading a model and its tokenizer: the bundled one, a folder's, or one of the Hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from tokenviz.model.language_model import LanguageModel

__all__ = ["load_model"]

# from_pretrained keywords that say where to find the files, so they hold for the tokenizer too.
_SOURCE_KEYWORDS = (
    "cache_dir", "force_download", "gguf_file", "local_files_only", "proxies", "revision",
    "subfolder", "token", "trust_remote_code",
)  # fmt: skip


def load_model(name_or_path: str | Path | None = None, **from_pretrained: Any) -> LanguageModel:
    """Load a causal language model and its tokenizer.

    Parameters
    ----------
    name_or_path
        A name on the Hugging Face Hub or a folder; None for the small model that comes with
        tokenviz (worked arithmetic; offline, on the CPU).
    from_pretrained
        Passed on to ``AutoModelForCausalLM.from_pretrained`` (``dtype``, ``device_map``,
        ``attn_implementation``, …); those that say where the files are (``revision``, ``token``,
        ``cache_dir``, …) also to the tokenizer's.

    Raises
    ------
    FileNotFoundError
        If the bundled model is not there (an incomplete installation).
    ValueError
        If the checkpoint has no causal language-model head.
    """
    if name_or_path is None:
        with as_file(files("tokenviz") / "demo") as folder:
            if not (folder / "config.json").is_file():
                raise FileNotFoundError(
                    f"the bundled model is missing from {folder}; reinstall tokenviz-widget, or "
                    "name another model: load_model('Qwen/Qwen3-0.6B')"
                )
            with _quiet_progress():
                keywords = from_pretrained | {"local_files_only": True}
                return _load(str(folder), "tokenviz demo", keywords)
    return _load(str(name_or_path), None, from_pretrained)


@contextmanager
def _quiet_progress() -> Iterator[None]:
    """No progress bar for what takes a moment."""
    bars: Any = logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def _load(path: str, name: str | None, keywords: Mapping[str, Any]) -> LanguageModel:
    source = {key: keywords[key] for key in _SOURCE_KEYWORDS if key in keywords}
    loader: Any = AutoModelForCausalLM
    try:
        model, info = loader.from_pretrained(path, **keywords, output_loading_info=True)
    except ValueError as error:
        if "Unrecognized configuration class" not in str(error):
            raise
        raise ValueError(
            f"name_or_path: {path!r} holds a model without a causal language-model head; "
            "expected one that AutoModelForCausalLM can load"
        ) from error
    _check_head_was_loaded(path, model, info)
    return LanguageModel(model, AutoTokenizer.from_pretrained(path, **source), name=name)


def _check_head_was_loaded(path: str, model: Any, info: Mapping[str, Any]) -> None:
    """Transformers fills a head that the checkpoint lacks with random weights; refuse that."""
    head = model.get_output_embeddings()
    weights = {id(parameter) for parameter in head.parameters()} if head is not None else set()
    missing = set(info["missing_keys"])
    invented = [
        name for name, p in model.named_parameters() if id(p) in weights and name in missing
    ]
    if invented:
        raise ValueError(
            f"name_or_path: the checkpoint {path!r} has no causal language-model head "
            f"({', '.join(invented)} is not in it)"
        )

"""Tokenizers as sources look ids up in: of transformers, of tokenizers, or a file of either."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenviz._optional import require

if TYPE_CHECKING:
    from tokenviz.data.tokens import Token

__all__ = ["LoadedTokenizer"]

_FILE = "tokenizer.json"
_CONFIG = "tokenizer_config.json"


class LoadedTokenizer:
    """Ids looked up in a tokenizer of transformers, or of tokenizers.

    Raises
    ------
    TypeError
        If it is neither.
    """

    def __init__(self, tokenizer: Any) -> None:
        if type(tokenizer).__module__.partition(".")[0] == "tokenizers":
            transformers = require("transformers", feature="tokenizer=…", install="models")
            tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer)
        if not hasattr(tokenizer, "convert_ids_to_tokens"):
            raise TypeError(
                "tokenizer: expected a tokenizer of transformers or tokenizers, or a path to a "
                f"folder with a {_FILE}, got {type(tokenizer).__name__}"
            )
        from tokenviz.model.text.vocabulary import Vocabulary

        self._size = len(tokenizer)
        self._vocabulary = Vocabulary(tokenizer)

    @classmethod
    def of_path(cls, path: Path) -> LoadedTokenizer:
        """That of a folder, or of a ``tokenizer.json``; nothing is downloaded.

        Raises
        ------
        ValueError
            If there is no such file.
        """
        file = path / _FILE if path.is_dir() else path
        if not file.is_file():
            raise ValueError(
                f"tokenizer: expected a folder with a {_FILE}, or such a file, got {str(path)!r}, "
                "which is not there; nothing is downloaded"
            )
        transformers = require("transformers", feature="tokenizer=…", install="models")
        if (file.parent / _CONFIG).is_file():
            return cls(
                transformers.AutoTokenizer.from_pretrained(file.parent, local_files_only=True)
            )
        return cls(transformers.PreTrainedTokenizerFast(tokenizer_file=str(file)))

    def token(self, id: int) -> Token:  # noqa: A002 - the field's own word
        """The token of an id.

        Raises
        ------
        ValueError
            If it has none: the source was written with another tokenizer.
        """
        if not 0 <= id < self._size:
            raise ValueError(
                f"tokenizer: it has no id {id} (it has {self._size} tokens); "
                "is it the one that the source was written with?"
            )
        return self._vocabulary[id]

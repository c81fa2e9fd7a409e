"""Log-probabilities from vLLM in the same process, without a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Offline", "vllm"]


def vllm(llm: Any) -> Offline:
    """Score by a ``vllm.LLM``.

    Parameters
    ----------
    llm
        The object; its own tokenizer is used.

    Raises
    ------
    TypeError
        If it is none.
    """
    return Offline(llm)


class Offline:
    """A ``vllm.LLM`` as a scorer; see :func:`vllm`.

    Nothing of vLLM is imported: the class of its sampling parameters is taken from those that the
    object gives by default.
    """

    send = "ids"
    at_once = 1024

    def __init__(self, llm: Any) -> None:
        for needed in ("generate", "get_tokenizer", "get_default_sampling_params"):
            if not callable(getattr(llm, needed, None)):
                raise TypeError(
                    f"llm: expected a vllm.LLM, got {type(llm).__name__} without {needed}()"
                )
        self._llm = llm
        self._parameters = type(llm.get_default_sampling_params())(
            max_tokens=1, temperature=0.0, prompt_logprobs=0
        )
        self.tokenizer = llm.get_tokenizer()
        path = str(getattr(self.tokenizer, "name_or_path", "") or "")
        self.name = path.rstrip("/").rpartition("/")[2] or "vLLM"

    def __repr__(self) -> str:
        return f"Offline({self.name!r})"

    def __call__(
        self, prompts: Sequence[Sequence[int]], target: Sequence[int]
    ) -> npt.NDArray[np.float64]:
        """Log-probabilities of each id of a target after each prompt, ``[prompts, ids]``.

        Raises
        ------
        RuntimeError
            If the engine leaves an id of the target out of its list.
        """
        asked = [{"prompt_token_ids": [*prompt, *target]} for prompt in prompts]
        outputs = self._llm.generate(asked, sampling_params=self._parameters, use_tqdm=False)
        return np.array(
            [
                _read(output.prompt_logprobs, len(prompt), target)
                for output, prompt in zip(outputs, prompts, strict=True)
            ]
        )


def _read(listed: Any, n_prompt: int, target: Sequence[int]) -> list[float]:
    """From lists of all of the prompt's ids, dictionaries or vLLM's flat kind of them."""
    if listed is None or len(listed) != n_prompt + len(target):
        found = None if listed is None else len(listed)
        raise RuntimeError(
            f"prompt_logprobs: expected one entry for each of {n_prompt + len(target)} ids, got "
            f"{found}"
        )
    numbers = []
    for k, id_ in enumerate(target, n_prompt):
        entry = listed[k]
        if id_ not in entry:
            raise RuntimeError(
                f"prompt_logprobs[{k}]: expected the id {id_} that was given, got {sorted(entry)}"
            )
        numbers.append(float(entry[id_].logprob))
    return numbers

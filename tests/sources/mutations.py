"""One thing wrong with a source: drawn by the shape of its fields, so that few examples see each.

A place is drawn by its path without numbers (``choices[].logprobs.content[].logprob``) before one
of those that have it, so that a field which is there once comes up as often as one that is there a
thousand times. Objects of libraries are gone through by their attributes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st

SENTINELS = (-9999.0, -3.4028234663852886e38, None, -math.inf, math.nan)
OF_ANOTHER_KIND: tuple[Any, ...] = ("", "-1.5", [], {}, True, [[1]], {"a": 1})
LOGPROBS = {
    "logprob", "log_probability", "logProbability", "token_logprobs", "top_logprobs", "logprobs",
    "sampling_logprob", "prompt_logprobs", "trainer_logprobs", "prev_logprobs", "log_probs",
}  # fmt: skip
BESIDE = {"chosen_candidates", "chosenCandidates"}
"""Lists beside which another one stands: that one of them is turned round cannot be noticed."""
GROUPED = {"attributions"}
"""Of groups of tokens that nobody counts: that there is one less cannot be noticed."""
AS_PLAUSIBLE = {"advantages": ([[1]],), "token_loss_mask": (True,), "loss_mask": (True,)}
"""What may stand there as well."""
_LIBRARIES = {"captum", "inseq", "shap", "interpreto", "types"}

Path = tuple[Any, ...]
Change = Callable[[Any, Any], None]
"""What is done at a place: to what holds it, and its key there."""


class Mutation(NamedTuple):
    """A source with one thing wrong, what that is, and where."""

    source: Any
    kind: str
    path: Path


def clone(value: Any) -> Any:
    """A copy of all that is gone through; what is not (a tokenizer) is shared."""
    if isinstance(value, dict):  # one of transformers' outputs, too, whose fields none can drop
        return {key: clone(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [clone(one) for one in value]  # a tuple as a list: its items can be changed
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.copy() if isinstance(value, np.ndarray) else value.clone()
    if is_gone_through(value):
        kind: Any = type(value)
        made = kind.__new__(kind)
        vars(made).update({key: clone(one) for key, one in vars(value).items()})
        return made
    return value


def is_gone_through(value: Any) -> bool:
    """Whether it is an object of a library whose results are read."""
    return type(value).__module__.partition(".")[0] in _LIBRARIES and hasattr(value, "__dict__")


def items(value: Any) -> list[tuple[Any, Any]]:
    """What an object, a list or a mapping holds, by key."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list):
        return list(enumerate(value))
    return list(vars(value).items()) if is_gone_through(value) else []


def put(owner: Any, key: Any, value: Any) -> None:
    """Set what stands at a key."""
    if is_gone_through(owner):
        setattr(owner, key, value)
    else:
        owner[key] = value


def drop(owner: Any, key: Any) -> None:
    """Leave out what stands at a key."""
    if is_gone_through(owner):
        delattr(owner, key)
    else:
        del owner[key]


def rename(owner: Any, key: Any) -> None:
    """Call a field otherwise, where it stood."""
    fields = vars(owner) if is_gone_through(owner) else owner
    renamed = {f"{name}_" if name == key else name: one for name, one in fields.items()}
    fields.clear()
    fields.update(renamed)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of everything that a value holds."""
    for key, inner in items(value):
        yield (*path, key)
        yield from places(inner, (*path, key))


def shape(path: Path, source: Any) -> Path:
    """A path without the numbers of lists and the keys of what is no record."""
    out: list[Any] = []
    for key in path:
        is_key = isinstance(key, int) or (isinstance(source, dict) and is_mapping(source))
        out.append("[]" if is_key else key)
        source = dict(items(source))[key]
    return tuple(out)


def is_mapping(owner: dict[Any, Any]) -> bool:
    """Whether its keys are tokens, by text or by id, not the names of fields."""
    return (all(isinstance(one, float | int) and not isinstance(one, bool)
               for one in owner.values()) and bool(owner)) or is_by_id(owner)  # fmt: skip


def is_by_id(owner: dict[Any, Any]) -> bool:
    """Whether its keys are ids."""
    return bool(owner) and all(isinstance(key, int) or key.isdecimal() for key in owner)


def by_shape(source: Any) -> dict[Path, list[Path]]:
    """All places, by their shapes."""
    found: dict[Path, list[Path]] = {}
    for path in places(source):
        found.setdefault(shape(path, source), []).append(path)
    return found


def inside(source: Any, path: Path) -> Any:
    """What stands at a path."""
    for key in path:
        source = dict(items(source))[key]
    return source


@st.composite
def mutations(draw: st.DrawFn, source: Any, shapes: dict[Path, list[Path]]) -> Mutation:
    """A source with one thing wrong that can be noticed.

    That a text is another one, a number another number, or a token of a list gone without which
    it is as plausible, cannot.
    """
    source = clone(source)
    path = draw(st.sampled_from(shapes[draw(st.sampled_from(sorted(shapes, key=repr)))]))
    owner, key = inside(source, path[:-1]), path[-1]
    changes = possible(owner, key, path)
    kind = draw(st.sampled_from(sorted(changes)))
    draw(st.sampled_from(changes[kind]))(owner, key)
    return Mutation(source, kind, path)


def possible(owner: Any, key: Any, path: Path) -> dict[str, list[Change]]:
    """What can be done at a place so that it can be noticed, by kind."""
    value = dict(items(owner))[key]
    found: dict[str, list[Change]] = {"null": [setting(None)]}
    others = [one for one in OF_ANOTHER_KIND if not (isinstance(value, str | bool)
                                                     and isinstance(one, type(value)))]  # fmt: skip
    if value is None:  # of a text that was not asked for
        others = [one for one in others if not isinstance(one, str)]
    plausible = [one for name in path for one in AS_PLAUSIBLE.get(name, ())]
    others = [one for one in others if one not in plausible]
    found["another kind"] = [setting(one) for one in others]
    if not isinstance(owner, list) and not (isinstance(owner, dict) and is_mapping(owner)):
        found["drop"] = [drop]
        found["rename"] = [rename]
    if isinstance(value, float) and LOGPROBS & set(path):
        found["sentinel"] = [setting(one) for one in SENTINELS]
    if (
        isinstance(value, list)
        and value
        and not is_of_a_piece(owner, key, value)
        and not is_before(path)
    ):
        found["shorten"] = [setting(value[:-1])]
        if key != "bytes":  # of which those of a text may end within a character
            found["twice"] = [setting([*value, value[-1]]), setting([value[0], *value])]
        if isinstance(value[0], dict) and is_of_a_list(value[0]) and key not in BESIDE:
            found["reverse"] = [setting(value[::-1])]
    if isinstance(value, np.ndarray | torch.Tensor) and not is_before(path):
        found["array"] = [setting(one) for one in arrays(value)[key in GROUPED :]]
    if isinstance(value, dict) and is_mapping(value):
        if "prompt_logprobs" not in path:  # whose first is the chosen one, where no id says it
            found["reverse"] = [setting(dict(reversed(value.items())))]
        found["shorten"] = [setting(dict(list(value.items())[:-1]))]
    return found


def setting(value: Any) -> Change:
    """Put something else there."""
    return lambda owner, key: put(owner, key, clone(value))


def is_of_a_list(entry: dict[str, Any]) -> bool:
    """Whether it is a token of a list, whose order says nothing."""
    names = {"token", "text", "tok_str"} & entry.keys()
    return bool(names) and not {"top_logprobs", "special", "choices", "top_probs"} & entry.keys()


def is_before(path: Path) -> bool:
    """Whether it is slime's list of prompt and response, the last ones of which are the response's:
    that there are more or fewer cannot be noticed."""
    return path[0] == "samples" and path[-1] == "tokens"


def is_of_a_piece(owner: Any, key: Any, value: list[Any]) -> bool:
    """Whether it is the bytes of a piece of a character, or of what has an id for a text: others
    are as plausible."""
    if key != "bytes" or not isinstance(value, list):
        return False
    return "\ufffd" in bytes(value).decode(errors="replace") or "token_id:" in owner["token"]


def arrays(value: Any) -> list[Any]:
    """Arrays that are not as they should be."""
    found = [value[:-1], value[None], value[..., None], value.reshape(-1)[:0]]
    found += [value.T] if value.ndim == 2 and value.shape[0] != value.shape[1] else []
    return found

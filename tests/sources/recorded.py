"""Objects of libraries that tests do not install, kept as JSON and made again of it.

What is made again has the class's name and module, the attributes that were kept, and nothing else
of the library.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

FIXTURES = Path(__file__).with_name("fixtures")


def write(name: str, value: Any) -> None:
    """Keep something under ``fixtures/``."""
    text = json.dumps(value, ensure_ascii=False, indent=None, allow_nan=False)
    (FIXTURES / name).write_text(text + "\n", encoding="utf-8")


def read(name: str) -> Any:
    """What was kept, with objects made again."""
    return again(json.loads((FIXTURES / name).read_text(encoding="utf-8")))


def recorded(value: Any, keep: Mapping[str, Sequence[str]]) -> Any:
    """An object as JSON: of each class by name, the attributes to keep."""
    kind = type(value)
    if isinstance(value, torch.Tensor):
        return {"tensor": recorded(value.tolist(), keep), "dtype": str(value.dtype)}
    if isinstance(value, np.ndarray):
        return {"array": recorded(value.tolist(), keep), "object": value.dtype == object}
    if isinstance(value, float):
        return None if np.isnan(value) else float(value)
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return {"tuple": [recorded(one, keep) for one in value]}
    if isinstance(value, list):
        return [recorded(one, keep) for one in value]
    if isinstance(value, Mapping):
        return {"mapping": {key: recorded(one, keep) for key, one in value.items()}}
    fields = {name: recorded(getattr(value, name), keep) for name in keep[kind.__name__]}
    return {"class": f"{kind.__module__}.{kind.__qualname__}", "fields": fields}


def again(value: Any) -> Any:
    """What :func:`recorded` made JSON of."""
    match value:
        case list():
            return [again(one) for one in value]
        case {"tensor": rows, "dtype": dtype}:
            kind = getattr(torch, dtype.removeprefix("torch."))
            return torch.tensor(np.array(rows, np.float64), dtype=kind)
        case {"array": rows, "object": is_object}:
            if not is_object:
                return np.array(again(rows), np.float64)
            made = np.empty(len(rows), object)
            made[:] = again(rows)
            return made
        case {"tuple": items}:
            return tuple(again(items))
        case {"mapping": items}:
            return again(items)
        case {"class": path, "fields": fields}:
            module, _, name = path.rpartition(".")
            made = type(name, (), {"__module__": module})()
            vars(made).update({key: again(one) for key, one in fields.items()})
            return made
        case dict():
            return {key: again(one) for key, one in value.items()}
        case _:
            return value

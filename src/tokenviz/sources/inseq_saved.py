"""What inseq's ``save`` writes: JSON of objects, with arrays as safetensors in base64.

An object is ``{"__instance_type__": [module, class], "attributes": {…}}``; with
``use_primitives=True`` its attributes alone stand there. Nothing of the classes is looked up.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from tokenviz._optional import require

__all__ = ["array_of", "is_saved", "unwrapped"]

_TYPE, _ATTRIBUTES = "__instance_type__", "attributes"
_KEY = "attribution"  # under which inseq keeps each array


def is_saved(source: Any) -> bool:
    """Whether it is a saved result."""
    if not isinstance(source, Mapping):
        return False
    kind, own = source.get(_TYPE), source.get(_ATTRIBUTES)
    if isinstance(kind, list) and kind and str(kind[0]).partition(".")[0] == "inseq":
        return isinstance(own, Mapping) and "sequence_attributions" in own
    return {"sequence_attributions", "step_attributions", "info"} <= source.keys()


def unwrapped(value: Any) -> Any:
    """Objects as their attributes."""
    if isinstance(value, Mapping):
        if _TYPE in value and isinstance(value.get(_ATTRIBUTES), Mapping):
            value = value[_ATTRIBUTES]
        return {key: unwrapped(one) for key, one in value.items()}
    return [unwrapped(one) for one in value] if isinstance(value, list) else value


def array_of(value: Any, name: str) -> Any:
    """The array that a text holds; anything else as it is.

    Raises
    ------
    ValueError
        If the text is none of inseq's.
    """
    if not isinstance(value, str):
        return value
    torch = require("safetensors.torch", feature="reading what inseq saved", install="safetensors")
    try:
        return torch.load(base64.b64decode(value, validate=True))[_KEY].float()
    except (binascii.Error, ValueError, KeyError, RuntimeError) as error:
        raise _no_array(name, error) from None
    except Exception as error:
        if type(error).__name__ != "SafetensorError":
            raise
        raise _no_array(name, error) from None


def _no_array(name: str, error: Exception) -> ValueError:
    return ValueError(f"{name}: expected an array as inseq saves it, in base64: {error}")

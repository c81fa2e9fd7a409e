"""tokenviz: why a language model wrote what it wrote, token by token.

Importing it is cheap: names load what they need on first use, and nothing here imports torch,
transformers or matplotlib.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenviz import distributed as distributed
    from tokenviz import examples as examples
    from tokenviz import scorers as scorers
    from tokenviz._options import options as options
    from tokenviz.browse.browser import SetBrowser as SetBrowser
    from tokenviz.data.attribution import Attribution as Attribution
    from tokenviz.data.comparing import compare as compare
    from tokenviz.data.comparison import Comparison as Comparison
    from tokenviz.data.files import load as load
    from tokenviz.data.tokens import Token as Token
    from tokenviz.data.trace import Alternative as Alternative
    from tokenviz.data.trace import Trace as Trace
    from tokenviz.data.tree import TraceTree as TraceTree
    from tokenviz.explore.explorer import Explorer as Explorer
    from tokenviz.live.trace import LiveTrace as LiveTrace
    from tokenviz.model.attributing.asking.targets import Contrast as Contrast
    from tokenviz.model.attributing.methods.table import attribution_methods as attribution_methods
    from tokenviz.model.language_model import LanguageModel as LanguageModel
    from tokenviz.model.loading import load_model as load_model
    from tokenviz.scorers.attribute import attribute as attribute
    from tokenviz.sets.trace_set import TraceSet as TraceSet
    from tokenviz.sets.writing import SetWriter as SetWriter
    from tokenviz.sources.read import formats as formats
    from tokenviz.sources.read import read as read
    from tokenviz.tiles.large import LargeAttribution as LargeAttribution
    from tokenviz.widget.comparison import ComparisonFigure as ComparisonFigure
    from tokenviz.widget.heatmap import AttributionHeatmap as AttributionHeatmap
    from tokenviz.widget.trace import TokenTrace as TokenTrace

__version__ = "0.1.0"

_HOMES = {
    "Alternative": "tokenviz.data.trace",
    "Attribution": "tokenviz.data.attribution",
    "AttributionHeatmap": "tokenviz.widget.heatmap",
    "Comparison": "tokenviz.data.comparison",
    "ComparisonFigure": "tokenviz.widget.comparison",
    "Contrast": "tokenviz.model.attributing.asking.targets",
    "Explorer": "tokenviz.explore.explorer",
    "LiveTrace": "tokenviz.live.trace",
    "LanguageModel": "tokenviz.model.language_model",
    "LargeAttribution": "tokenviz.tiles.large",
    "SetBrowser": "tokenviz.browse.browser",
    "SetWriter": "tokenviz.sets.writing",
    "Token": "tokenviz.data.tokens",
    "TokenTrace": "tokenviz.widget.trace",
    "Trace": "tokenviz.data.trace",
    "TraceSet": "tokenviz.sets.trace_set",
    "TraceTree": "tokenviz.data.tree",
    "attribute": "tokenviz.scorers.attribute",
    "attribution_methods": "tokenviz.model.attributing.methods.table",
    "formats": "tokenviz.sources.read",
    "compare": "tokenviz.data.comparing",
    "load": "tokenviz.data.files",
    "load_model": "tokenviz.model.loading",
    "options": "tokenviz._options",
    "read": "tokenviz.sources.read",
}

# These need an extra, so `import *` must not ask for them.
_OPTIONAL = {
    "Contrast", "LanguageModel", "attribute", "attribution_methods", "distributed", "load_model",
}  # fmt: skip
_ROOMS = {"distributed", "examples", "scorers"}
__all__ = ["__version__", *((_ROOMS | _HOMES.keys()) - _OPTIONAL)]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"tokenviz.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'tokenviz' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_OPTIONAL})

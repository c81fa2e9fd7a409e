"""Language models: everything that needs torch and transformers.

Nothing here knows of widgets: text goes in, :class:`~tokenviz.data.trace.Trace` and
:class:`~tokenviz.data.attribution.Attribution` come out.
"""

from tokenviz._optional import require

for _module in ("torch", "transformers"):
    require(_module, feature="tokenviz.LanguageModel", install="tokenviz-widget[models]")

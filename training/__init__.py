"""Recipe of the bundled demonstration model.

The package writes arithmetic texts at known odds (``grammar``, ``families``), trains a byte-level
tokenizer and a small Llama on them (``tokenizer``, ``train``), and measures accuracy on held-out
problems and calibration against the known odds (``evaluate``, ``calibration``).
``python -m training`` runs all of it.
"""

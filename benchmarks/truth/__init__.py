"""Which method points at what decides? Prompts of which that is known, put to real models.

For each prompt that a model may be asked (:mod:`benchmarks.prompts`; of the bundled model, worked
multiplications) every method gives one value to each token of the prompt, for the target alone.

- *precision*: the share of the |deciding| first tokens that are deciding ones;
- *deletion* and *insertion*: the log-probability of the target, less that after the whole prompt,
  while tokens are taken away (low is good) or put back (high is good), first ones first: the area
  under the curve over the share of tokens, for each way of taking a token away
  (:mod:`benchmarks.truth.removal`);
- *sign*: the share of deciding tokens whose value for the target is larger than for the foil.

Tokens that the tokenizer puts before every text are no part of the question: they always stay.

Source: deletion and insertion are those of Petsiuk et al. 2018, "RISE" (arXiv:1806.07421).
"""

from __future__ import annotations

from benchmarks.truth.run import run

__all__ = ["run"]

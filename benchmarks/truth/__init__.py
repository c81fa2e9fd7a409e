"""Which method points at what decides? Prompts of which that is known, put to real models.

For each prompt that a model may be asked (:mod:`benchmarks.prompts`; of the bundled model, worked
multiplications) every method gives one value to each token of the prompt, for the target alone.

- *precision*: the share of the |deciding| first tokens that are deciding ones;
- *insertion − deletion*: by how much the target is more probable while tokens are put back than
  while they are taken away, first ones first: the area between the curves over the share of tokens,
  in the mean over three ways of taking a token away (:mod:`benchmarks.truth.removal`).
  Log-probabilities (*nats*) have no least value, so that few prompts, whose text breaks, decide
  their mean; they stand beside;
- *sign*: the share of deciding tokens whose value for the target is larger than for the foil.

Tokens that the tokenizer puts before every text are no part of the question: they always stay.

Source: deletion and insertion are those of Petsiuk et al. 2018, "RISE" (arXiv:1806.07421).
"""

from __future__ import annotations

from benchmarks.truth.run import run

__all__ = ["run"]

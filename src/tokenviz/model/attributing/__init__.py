"""Attribution: how much each token of a prompt contributed to what the model gives for a target.

The parts, each a file:

- ``targets``: what is explained. Whole continuations, or every token of one.
- ``objective``: the function F from the prompt's embeddings to one score per target, its values
  and its gradients. The only part that runs the model.
- ``baselines``: what a token is compared with.
- one file per method, each a function of F, the prompt's embeddings and a baseline.
- ``methods``: their names, and what each takes.
- ``attribute``: the way from a prompt to an Attribution.
"""

from tokenviz.model.attributing.attribute import attribute

__all__ = ["attribute"]

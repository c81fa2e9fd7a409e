"""Attribution: how much each token of a prompt contributed to what the model gives for a target.

The parts, each a file:

- ``problem``: what is asked. ``targets``: what is explained, ``features``: by what.
- ``options``: how, ``methods``: the methods by name, ``baselines``: what a token is compared with.
- one file per method, each a function of F, the prompt's embeddings and a baseline.
- ``objective``: F, from the prompt's embeddings to one score per target, with its derivatives;
  ``generic`` by the model's own forward, ``fast`` by the parts of a known decoder (``packing``,
  ``readout`` and ``modes`` are its steps); ``engine`` chooses.
- ``work``: how much at a time, and what an interrupt or a lack of memory leaves; ``budget``,
  ``cost``: how much fits, and what it takes.
- ``attribute``: puts them together.
"""

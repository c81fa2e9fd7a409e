"""Attribution: how much each token of a prompt contributed to what the model gives for a target.

Each folder may import those after it:

- ``attribute``, ``estimate`` and ``faithfulness`` put the parts together, for a checked
  ``question``.
- ``methods/``: one file per method, which says what it is and registers itself.
- ``engine/``: F, from the prompt's embeddings to one score per target, with its derivatives;
  ``generic`` by the model's own forward, ``fast`` by the parts of a known decoder (``packing``,
  ``readout`` and ``modes`` are its steps); ``choosing`` says which; ``work`` how much at a time,
  and what an interrupt or a lack of memory leaves; ``budget`` how much fits.
- ``asking/``: what is asked. ``targets``: what is explained, ``features``: by what, ``options``:
  how.
"""

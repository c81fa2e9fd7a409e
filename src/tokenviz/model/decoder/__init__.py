"""Decoders of known layouts, taken apart so that derivatives cost what they must and no more.

A model's own forward with autograd recomputes or keeps what an attribution does not need, and its
backward pass serves one target at a time. Here each part of a block (a linear map, a norm, an
attention, a feed-forward) is written with its derivative in both directions: tangents are *pushed*
from inputs to outputs (forward mode), cotangents *pulled* from outputs to inputs (reverse mode).
Being plain matrix products, both take any number of tangents or cotangents at once.
"""

from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.layouts import read_decoder
from tokenviz.model.decoder.sight import Rows

__all__ = ["Decoder", "Rows", "read_decoder"]

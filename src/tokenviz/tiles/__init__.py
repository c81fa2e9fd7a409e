"""Matrices that do not fit: shown by tiles of a pyramid that is computed where one looks.

``levels`` says which levels a matrix has, ``pooling`` what a texel of one stands for, ``reading``
how much of an array is read for it, ``pyramid`` keeps what was computed, ``large`` is the data
object, ``answering`` its end of the conversation with the browser.
"""

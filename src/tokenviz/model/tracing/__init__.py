"""Traces: the probability of every token of a text that a model writes or reads."""

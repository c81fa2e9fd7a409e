"""Measurements of tokenviz; `python -m benchmarks` prints them."""

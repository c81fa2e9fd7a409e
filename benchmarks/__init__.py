"""Measurements of tokenviz beside captum, inseq and interpreto: `python -m benchmarks`."""

"""Traces that are shown while they are written."""

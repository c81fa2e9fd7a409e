"""Browsing a set: what its table asks, what is answered, and the page without a kernel."""

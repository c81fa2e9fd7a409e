"""The data: tokens, attributions and traces, validated and frozen. Nothing here computes."""

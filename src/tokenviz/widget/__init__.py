"""The two widgets: traits and nothing else. What they draw is in ``js/``."""

"""From values to colours and written numbers: the twins of ``js/color/``."""

"""Every architecture of transformers, small and random, against plain computation."""

"""Other ways of showing the same, each as its own documentation shows it, without a network."""
